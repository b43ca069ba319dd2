# SPDX-License-Identifier: Apache-2.0
"""Blocks come in any order and over any number of lives; what is not whole is asked for again."""

import hashlib
import os
import random
from io import BytesIO

import pytest
from hypothesis import given, settings, strategies as st

from edge.report.lists.pull import BLOCK, KEPT_S, MOST_OCTETS, Pull, Shelf, Took

NAME = "ab" * 32
OTHER = "cd" * 32


def octets_of(size, seed=1):
    return random.Random(seed).randbytes(size)


def block(octets, index):
    """Return what is given to `take` for a block of a file."""
    part = octets[index * BLOCK : (index + 1) * BLOCK]
    return index, len(octets), hashlib.sha256(part).hexdigest(), part


def bits(wanted):
    """Return the blocks that a request speaks of, as the hub reads them."""
    number, span = int(wanted.missing, 16), 4 * len(wanted.missing)
    return {wanted.first + place for place in range(span) if number >> (span - 1 - place) & 1}


@settings(deadline=None, max_examples=40)
@given(
    size=st.integers(0, 5 * BLOCK) | st.sampled_from([0, 1, BLOCK, BLOCK + 1, 3 * BLOCK]),
    rng=st.randoms(use_true_random=False),
)
def test_blocks_in_any_order_make_the_file(size, rng):
    octets = octets_of(size)
    pull = Pull.in_memory(MOST_OCTETS)
    came = bytearray()
    order = list(range(max(1, -(-size // BLOCK))))
    rng.shuffle(order)
    for index in order:
        assert not pull.given
        assert pull.take(*block(octets, index)) is Took.NEW
        assert pull.take(*block(octets, index)) is Took.TWICE
        for ready in pull.ready():
            came += ready
    assert pull.given
    assert came == octets


def test_a_block_that_is_not_what_it_says_is_not_taken():
    octets = octets_of(3 * BLOCK + 100)
    pull = Pull.in_memory(MOST_OCTETS)
    index, size, sha256, part = block(octets, 3)
    for wrong in (
        (index, size, "0" * 64, part),
        (index, size, sha256, part[:-1]),
        (index, size, sha256, part + b"x"),
        (2, size, sha256, part),
        (4, size, hashlib.sha256(b"").hexdigest(), b""),
        (index, MOST_OCTETS + 1, sha256, part),
        (1 << 70, size, sha256, part),
        (0, 1, hashlib.sha256(b"").hexdigest(), b""),
        (1, BLOCK, hashlib.sha256(b"").hexdigest(), b""),
    ):
        assert pull.take(*wrong) is Took.WRONG
    assert pull.size is None
    assert pull.take(index, size, sha256, part) is Took.NEW
    assert not pull.contradicted
    assert pull.take(*block(octets_of(2 * BLOCK), 0)) is Took.WRONG
    assert pull.contradicted


def test_only_what_is_missing_is_asked_for():
    octets = octets_of(1000 * BLOCK)
    pull = Pull.in_memory(MOST_OCTETS)
    first = pull.wanted()
    assert (first.first, first.missing) == (0, "ff")
    assert bits(first) == first.asked == set(range(8))
    assert pull.lacks({900})
    for index in (0, 1, 3, 6):
        pull.take(*block(octets, index))
    list(pull.ready())
    wanted = pull.wanted(5)
    assert wanted.asked == bits(wanted) == {2, 4, 5, 7, 8}
    assert wanted.missing == "b6"
    assert pull.lacks({2, 3})
    assert not pull.lacks({3, 6, 2000})


def test_one_request_speaks_of_no_more_than_its_span():
    octets = octets_of(600 * BLOCK)
    pull = Pull.in_memory(MOST_OCTETS)
    for index in range(600):
        if index not in {0, 300, 590}:
            pull.take(*block(octets, index))
    wanted = pull.wanted()
    assert wanted.asked == bits(wanted) == {0, 300}
    assert len(wanted.missing) <= 128


def test_a_later_life_goes_on_where_one_was_killed(tmp_path):
    octets = octets_of(5 * BLOCK + 7)
    shelf = Shelf(tmp_path / "pull")
    pull = shelf.open(NAME)
    for index in (0, 1, 4):
        pull.take(*block(octets, index))
    again = Shelf(tmp_path / "pull").open(NAME)  # nobody closed the first: it was killed
    assert again.wanted().asked == {2, 3, 5}
    for index in (5, 3, 2):
        assert again.take(*block(octets, index)) is Took.NEW
    assert b"".join(again.ready()) == octets
    pull.close()
    again.close()


@pytest.mark.parametrize("cut", [0, 3, 8, 9, 8 + 36 - 1, 8 + 36, 8 + 36 + 5])
def test_a_book_that_ends_within_a_line(tmp_path, cut):
    octets = octets_of(2 * BLOCK)
    shelf = Shelf(tmp_path)
    pull = shelf.open(NAME)
    for index in (1, 0):
        pull.take(*block(octets, index))
    pull.close()
    book = tmp_path / f"{NAME}.book"
    os.truncate(book, cut)
    for life in range(2):
        pull = shelf.open(NAME)
        known = {1} if cut >= 8 + 36 else set()
        assert pull.wanted().asked >= {0, 1} - known or life
        for index in (0, 1):
            pull.take(*block(octets, index))
        assert b"".join(pull.ready()) == octets
        pull.close()


@pytest.mark.parametrize("damage", ["zeroed", "shortened", "gone"])
def test_a_block_that_did_not_reach_the_disk_is_asked_for_again(tmp_path, damage):
    octets = octets_of(3 * BLOCK)
    shelf = Shelf(tmp_path)
    pull = shelf.open(NAME)
    for index in range(3):
        pull.take(*block(octets, index))
    pull.close()
    part = tmp_path / f"{NAME}.part"
    if damage == "zeroed":
        with part.open("r+b") as file:
            file.seek(BLOCK)
            file.write(bytes(100))
    elif damage == "shortened":
        os.truncate(part, BLOCK)
    else:
        part.unlink()
    pull = shelf.open(NAME)
    asked = {"zeroed": {1}, "shortened": {1, 2}, "gone": {0, 1, 2}}[damage]
    assert pull.wanted().asked == asked
    pull.close()


@given(data=st.binary(max_size=200), book=st.binary(max_size=200))
def test_whatever_stands_in_the_files_nothing_is_raised(data, book):
    pull = Pull(BytesIO(data), BytesIO(book), 1 << 20)
    octets = octets_of(100)
    if pull.size is None:
        assert pull.take(*block(octets, 0)) is Took.NEW
        assert b"".join(pull.ready()) == octets
    assert pull.blocks <= 16


def test_what_nobody_asked_for_again_is_forgotten(tmp_path):
    shelf = Shelf(tmp_path)
    for name, age_s in ((NAME, KEPT_S + 1), (OTHER, KEPT_S - 1)):
        shelf.open(name).close()
        os.utime(tmp_path / f"{name}.book", (0, 10 * KEPT_S - age_s))
    shelf.tidy(10 * KEPT_S)
    assert {path.stem for path in tmp_path.iterdir()} == {OTHER}
    shelf.drop(OTHER)
    shelf.drop(OTHER)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_untouched_make_room(tmp_path):
    names = [f"{number:064x}" for number in range(4)]
    shelf = Shelf(tmp_path, MOST_OCTETS + 3 * BLOCK)
    for age, name in enumerate(names):
        pull = shelf.open(name)
        pull.take(*block(octets_of(BLOCK), 0))
        pull.close()
        os.utime(tmp_path / f"{name}.book", (0, 1000 + age))
    shelf.open(OTHER).close()
    assert {path.stem for path in tmp_path.iterdir()} == {OTHER, *names[2:]}
