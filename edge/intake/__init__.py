# SPDX-License-Identifier: Apache-2.0
"""Where calls come in: taps are heard and gates ask, each under a supervisor."""
