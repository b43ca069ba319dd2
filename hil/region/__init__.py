# SPDX-License-Identifier: Apache-2.0
"""The region around a box: callers, a switch, phones, an exchange with E1 lines; all of it real."""
