# SPDX-License-Identifier: Apache-2.0
"""The hub's desk: the page of the whole country, in the style of the page of a box. See `site`."""
