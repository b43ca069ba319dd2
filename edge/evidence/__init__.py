# SPDX-License-Identifier: Apache-2.0
"""What stands before a court: what was heard, decided and done."""
