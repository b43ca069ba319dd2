# SPDX-License-Identifier: Apache-2.0
"""The tables of names."""

from edge.decode.q931.codes import ELEMENTS, MESSAGES


def test_no_name_is_used_twice():
    assert len(set(MESSAGES.values())) == len(MESSAGES)
    assert len(set(ELEMENTS.values())) == len(ELEMENTS)
