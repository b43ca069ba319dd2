# SPDX-License-Identifier: Apache-2.0
"""The machine itself: what its configuration makes of it, before the processes run."""
