# SPDX-License-Identifier: Apache-2.0
"""One file a page, or what belongs to it."""
