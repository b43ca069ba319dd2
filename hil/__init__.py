# SPDX-License-Identifier: Apache-2.0
"""The rig: what stands around the appliance, on a bench or in one machine."""
