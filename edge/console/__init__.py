# SPDX-License-Identifier: Apache-2.0
"""What this box shows on its management address. Reads files; asks and changes nothing."""
