# SPDX-License-Identifier: Apache-2.0
"""The words that all stages share. Plain data; nothing here does anything."""
