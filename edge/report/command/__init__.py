# SPDX-License-Identifier: Apache-2.0
"""Commands from the hub: kept on disk, done, recorded, answered, and never done twice."""
