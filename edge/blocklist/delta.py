# SPDX-License-Identifier: Apache-2.0
"""What changed between two lists, and a list with a change applied, both block by block.

A change sets the group of a number or removes it. The dictionary of the new list follows from how
often each group was used before and from the change alone: one pass over the list is enough.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from edge.blocklist.codec import REMOVED, Head, Wire
from edge.blocklist.entry import Shape
from edge.blocklist.sheet import SHAPES, Block, Sheet, by_shape
from edge.blocklist.snapshot import Snapshot
from edge.errors import ListError


class Change(NamedTuple):
    """A delta, whole in memory. Group columns as on the wire."""

    dictionary: Sequence[bytes]
    blocks: Sequence[Block]
    "One for each shape, in order."


def read_change(wire: Wire) -> Change:
    """Read a delta to its end. Raises `ListError`."""
    columns = {shape: Block(shape, array("Q"), array("Q"), array("I")) for shape in SHAPES}
    for block in wire.blocks:
        for column, more in zip(columns[block.shape][1:], block[1:], strict=True):
            column.extend(more)
    for block in columns.values():
        if any(one >= other for one, other in pairwise(_places(block))):
            raise ListError("has changes that do not ascend")
    return Change(wire.dictionary, list(columns.values()))


def changed(old: Snapshot, change: Change, head: Head) -> Sheet:
    """Return the list `head.version`, a stream; its hash is the caller's to compare.

    Raises `ListError`, here or between blocks, if the change does not fit the list.
    """
    if (old.name, old.version) != (head.name, head.base):
        raise ListError(f"changes {head.name} {head.base}, not {old.name} {old.version}")
    before = old.sheet()
    uses = _uses_after(old, change)
    used = {octets for octets, count in uses.items() if count}
    dictionary = sorted(used)
    index = {octets: at for at, octets in enumerate(dictionary)}
    kept = array("I", [index.get(octets, 0) for octets in before.dictionary])
    set_to = array("I", [0, *(index.get(octets, 0) for octets in change.dictionary)])
    blocks = _merge(before.blocks, kept, change.blocks, set_to)
    return Sheet(head.name, head.version, dictionary, blocks)


def _uses_after(old: Snapshot, change: Change) -> dict[bytes, int]:
    """Return how many records will name each group."""
    octets_of = [old.group_octets(which) for which in range(old.layout.groups)]
    uses = dict(zip(octets_of, old.uses(), strict=True))
    for shape, keys, highs, groups in change.blocks:
        for low, high, group in zip(keys, highs or keys, groups, strict=True):
            was = old.group_of(shape, low, high)
            if was >= 0:
                uses[octets_of[was]] -= 1
            elif group == REMOVED:
                raise ListError("removes what the list does not have")
            if group != REMOVED:
                octets = change.dictionary[group - 1]
                uses[octets] = uses.get(octets, 0) + 1
    return uses


def _merge(
    blocks: Iterable[Block], kept: "array[int]", changes: Sequence[Block], set_to: "array[int]"
) -> Iterator[Block]:
    """Yield the old blocks with the changes in their places, groups by the new dictionary."""
    same = all(at == to for at, to in enumerate(kept))
    for change, (_, old) in zip(changes, by_shape(blocks), strict=True):
        groups = array("I", map(set_to.__getitem__, change.groups))
        edits = list(zip(_places(change), change.keys, change.highs or change.keys, groups,
                         change.groups, strict=True))  # fmt: skip
        places = _places(change)
        done = 0
        for block in old:
            moved = block.groups if same else array("I", map(kept.__getitem__, block.groups))
            upto = bisect_right(places, _places(block)[-1])
            yield _edited(block._replace(groups=moved), edits[done:upto])
            done = upto
        yield _edited(_nothing(change.shape), edits[done:])


def _places(block: Block) -> Sequence[Any]:
    """Return what a block is sorted by: keys, or of ranges both keys."""
    if block.shape is Shape.RANGE:
        return list(zip(block.keys, block.highs, strict=True))
    return block.keys


def _nothing(shape: Shape) -> Block:
    return Block(shape, array("Q"), array("Q"), array("I"))


def _edited(block: Block, edits: Sequence[tuple[Any, int, int, int, int]]) -> Block:
    """Return a block with some records set or removed."""
    if not edits:
        return block
    new = _nothing(block.shape)
    places = _places(block)
    done = 0
    for place, low, high, group, wire_group in edits:
        at = bisect_left(places, place, done)
        for column, old in zip(new[1:], block[1:], strict=True):
            column.extend(old[done:at])
        if wire_group != REMOVED:
            new.keys.append(low)
            new.groups.append(group)
            if block.shape is Shape.RANGE:
                new.highs.append(high)
        done = at + (at < len(places) and places[at] == place)
    for column, old in zip(new[1:], block[1:], strict=True):
        column.extend(old[done:])
    return new


def difference(old: Sheet, new: Sheet) -> Change:
    """Return what turns one list into another."""
    shared: dict[bytes, int] = {}
    old_groups, new_groups = (
        array("I", [shared.setdefault(octets, len(shared)) for octets in sheet.dictionary])
        for sheet in (old, new)
    )
    octets_of = list(shared)
    said: dict[bytes, int] = {}
    blocks = []
    for (shape, one), (_, other) in zip(by_shape(old.blocks), by_shape(new.blocks), strict=True):
        change = _nothing(shape)
        for place, group in _differing(one, old_groups, other, new_groups):
            low, high = place if shape is Shape.RANGE else (place, None)
            change.keys.append(low)
            if high is not None:
                change.highs.append(high)
            octets = octets_of[group] if group is not None else None
            change.groups.append(
                REMOVED if octets is None else said.setdefault(octets, len(said) + 1)
            )
        blocks.append(change)
    return Change(list(said), blocks)


def _differing(
    old: Iterator[Block], old_groups: "array[int]", new: Iterator[Block], new_groups: "array[int]"
) -> Iterator[tuple[Any, int | None]]:
    """Yield each place that differs, ascending, with its new group or None."""
    ahead: list[tuple[Any, int]] = []
    for block in chain(old, [None]):
        before = list(_said(block, old_groups)) if block else []
        while not ahead or not before or ahead[-1][0] < before[-1][0]:
            more = next(new, None)
            if more is None:
                break
            ahead += _said(more, new_groups)
        upto = bisect_right(ahead, before[-1][0], key=itemgetter(0)) if before else len(ahead)
        was, now = dict(before), dict(ahead[:upto])
        ahead = ahead[upto:]
        if was != now:
            changes = {place: group for place, group in now.items() if was.get(place) != group}
            changes |= dict.fromkeys(was.keys() - now.keys())
            yield from sorted(changes.items(), key=itemgetter(0))


def _said(block: Block, groups: "array[int]") -> Iterator[tuple[Any, int]]:
    """Yield places and shared groups of a block."""
    return zip(_places(block), map(groups.__getitem__, block.groups), strict=True)
