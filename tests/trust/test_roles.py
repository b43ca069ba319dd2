# SPDX-License-Identifier: Apache-2.0
"""No side may speak under a path of another."""

from fnmatch import fnmatch
from itertools import permutations

from edge.trust.roles import COMMAND, FIRMWARE, OWN, path_of, paths_of, role_of, sides


def test_every_side_has_a_name_and_a_path_of_its_own():
    subjects = ("fraud", "fraud-2", FIRMWARE, COMMAND)
    every = [(subject, side) for subject in subjects for side in sides(subject)]
    assert len({role_of(*one) for one in every}) == len(every) == 8
    for one, other in permutations(every, 2):
        [pattern] = paths_of(*one)
        assert fnmatch(path_of(*one), pattern)
        assert not fnmatch(path_of(*other), pattern)


def test_orders_are_signed_by_operator_and_engineer():
    assert sides(COMMAND) == ("operator", "engineer")
    assert {FIRMWARE, COMMAND} == OWN
