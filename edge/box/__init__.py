# SPDX-License-Identifier: Apache-2.0
"""The machine: what is made of it before processes run, its end, and who stands before it."""
