# SPDX-License-Identifier: Apache-2.0
"""HEP version 3: what a switch hears, sent by itself instead of a mirror port."""
