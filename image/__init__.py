# SPDX-License-Identifier: Apache-2.0
"""Builds the image that is flashed, and the bundle that updates it. `README.md` says how."""
