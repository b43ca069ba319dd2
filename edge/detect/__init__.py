# SPDX-License-Identifier: Apache-2.0
"""Who is behind it: fingerprints, behaviour, campaigns, and where they come from. Pure."""
