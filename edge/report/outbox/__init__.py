# SPDX-License-Identifier: Apache-2.0
"""What waits for the hub, on disk: written by each process, read by `uplink`."""
