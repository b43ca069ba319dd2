# SPDX-License-Identifier: Apache-2.0
"""What `core` makes of campaigns: suspects them, files them, writes their dossiers."""
