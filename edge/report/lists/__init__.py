# SPDX-License-Identifier: Apache-2.0
"""Lists and urgent records from the hub: fetched block by block, followed, kept up to date."""
