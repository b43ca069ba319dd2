# SPDX-License-Identifier: Apache-2.0
"""One call attempt in, one verdict out. Pure: lists, rules and time are arguments."""
