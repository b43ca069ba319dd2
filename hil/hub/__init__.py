# SPDX-License-Identifier: Apache-2.0
"""The reference hub: what any real one must do, and enough of it to run a pilot."""
