# SPDX-License-Identifier: Apache-2.0
"""A/B updates: what comes, what is put in place, and whether it may stay."""
