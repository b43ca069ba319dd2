# SPDX-License-Identifier: Apache-2.0
"""`python -m edge` is `qalqan`, as units start it."""

import sys

from edge.begin import main

sys.exit(main(sys.argv[1:]))
