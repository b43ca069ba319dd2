# SPDX-License-Identifier: Apache-2.0
"""Every key of the TOML file: meaning, range, default, and the line on which it stands."""
