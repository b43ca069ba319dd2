# SPDX-License-Identifier: Apache-2.0
"""`python -m edge` is `qalqan`."""

from edge.cli import main

main()
