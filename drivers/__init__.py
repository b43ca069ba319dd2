# SPDX-License-Identifier: Apache-2.0
"""What the appliance is plugged into. A driver knows its port and the shared words, no more."""
