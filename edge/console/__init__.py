# SPDX-License-Identifier: Apache-2.0
"""What this box shows on its management address: to machines by `door`, to people by `site`.

Reads files. What people want changed it asks for as commands are asked for at the box.
"""
