# SPDX-License-Identifier: Apache-2.0
"""Any number as heard -> E.164, country and kind, or a named refusal."""
