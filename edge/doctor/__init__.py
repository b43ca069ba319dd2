# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a box, and how it is mended: `qalqan doctor`."""
