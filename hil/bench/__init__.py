# SPDX-License-Identifier: Apache-2.0
"""The bench: a box in our hands, on real hardware or as a virtual machine, and what is measured."""
