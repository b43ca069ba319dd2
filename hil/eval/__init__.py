# SPDX-License-Identifier: Apache-2.0
"""A made-up region: what honest people and fraudsters call in it, to measure detection by."""
