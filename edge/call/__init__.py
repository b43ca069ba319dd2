# SPDX-License-Identifier: Apache-2.0
"""Messages -> call events: one table a signalling, one call model for all."""
