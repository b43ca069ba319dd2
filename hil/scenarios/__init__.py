# SPDX-License-Identifier: Apache-2.0
"""Scenarios: what happens to a box beside a trunk, each a function that a telephone engineer reads.

`make hil` runs all, `make hil SCENARIO=name` those whose name has that in it.
"""
