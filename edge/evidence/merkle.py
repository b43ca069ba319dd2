# SPDX-License-Identifier: Apache-2.0
"""The tree over a log: RFC 6962 section 2.1; proofs are checked as in RFC 9162 section 2.1.

Pure. Leaves are 32 octets each, one after the other, as they lie in the file.
"""

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

WIDTH = 32
"Octets of a hash."

EMPTY = sha256(b"").digest()
"Root of a tree without leaves."

Subtree = Callable[[int, int], bytes]
"Returns the root over the leaves from a first one to an end."

_SLICE = 1 << 16
"Leaves that are hashed level by level at once: a bound on memory, not on size."


def leaf_hash(record: bytes) -> bytes:
    """Return the leaf of a record."""
    return sha256(b"\0" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the node above two others."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that only grows: its whole subtrees, the largest first, and nothing below them."""

    def __init__(self) -> None:
        """Start with no leaves."""
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add one leaf."""
        self._join(leaf, 1)

    def extend(self, leaves: bytes | memoryview) -> None:
        """Add leaves that lie one after the other."""
        at, end = 0, len(leaves) // WIDTH
        while at < end:
            step = 1 << ((end - at).bit_length() - 1)
            if self.size:
                step = min(step, self.size & -self.size)
            self._join(_whole(leaves, at, step), step)
            at += step

    def _join(self, node: bytes, size: int) -> None:
        """Add a whole subtree: every bit that the size carries over joins two of them."""
        carry = self.size // size
        while carry & 1:
            node = node_hash(self._peaks.pop(), node)
            carry >>= 1
        self._peaks.append(node)
        self.size += size

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        return _joined(self._peaks) if self._peaks else EMPTY

    def copy(self) -> "Frontier":
        """Return another that grows on its own."""
        other = Frontier()
        other.size, other._peaks = self.size, list(self._peaks)
        return other

    def grown(self, leaves: bytes | memoryview) -> Subtree:
        """Return the subtrees that tell this tree from itself and `leaves` after it."""
        old, first = {}, 0
        for peak in self._peaks:
            end = first + (1 << ((self.size - first).bit_length() - 1))
            old[first, end] = peak
            first = end

        def subtree(first: int, end: int) -> bytes:
            if end <= self.size:
                return old[first, end]
            return root_of(leaves, first - self.size, end - self.size)

        return subtree


def _joined(peaks: Sequence[bytes]) -> bytes:
    """Return the node above whole subtrees, the largest first."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: bytes | memoryview, first: int = 0, end: int | None = None) -> bytes:
    """Return the root of the tree over the leaves `first` to `end`, the last one not included."""
    end = len(leaves) // WIDTH if end is None else end
    peaks, at = [], first
    while at < end:
        size = 1 << ((end - at).bit_length() - 1)
        peaks.append(_whole(leaves, at, size))
        at += size
    return _joined(peaks) if peaks else EMPTY


def _whole(leaves: bytes | memoryview, first: int, size: int) -> bytes:
    """Return the root over as many leaves as a power of two says."""
    step = min(size, _SLICE)
    tops = [_slice(leaves, at, step) for at in range(first, first + size, step)]
    return _levels(tops)


def _slice(leaves: bytes | memoryview, first: int, size: int) -> bytes:
    octets = bytes(leaves[first * WIDTH : (first + size) * WIDTH])
    return _levels([octets[at : at + WIDTH] for at in range(0, len(octets), WIDTH)])


def _levels(nodes: list[bytes]) -> bytes:
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return nodes[0]


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(leaves: bytes | memoryview, index: int, size: int) -> tuple[bytes, ...]:
    """Return the proof that leaf `index` is in the tree of the first `size`, lowest hash first."""
    proof, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(root_of(leaves, middle, end))
            end = middle
        else:
            proof.append(root_of(leaves, first, middle))
            first = middle
    return tuple(reversed(proof))


def sides(index: int, size: int) -> tuple[str, ...]:
    """Return on which side each hash of such a proof stands, `left` or `right`."""
    found, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        found.append("right" if index < middle else "left")
        first, end = (first, middle) if index < middle else (middle, end)
    return tuple(reversed(found))


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that a proof leads to; None if it has not the shape of one."""
    if not 0 <= index < size:
        return None
    at, last, root = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            root = node_hash(node, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, node)
        at, last = at >> 1, last >> 1
    return root if last == 0 else None


def over(leaves: bytes | memoryview) -> Subtree:
    """Return the subtrees of all leaves of a log."""
    return partial(root_of, leaves)


def consistency(subtree: Subtree, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of the first `old` leaves begins that of the first `new`."""
    if not 0 < old < new:
        return ()
    proof, first, end, whole = [], 0, new, True
    while first + (left := old - first) != end:
        middle = first + _split(end - first)
        if left <= middle - first:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(first, middle))
            first, whole = middle, False
    if not whole:
        proof.append(subtree(first, end))
    return tuple(reversed(proof))


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree `old` (size, root) begins the tree `new`."""
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 <= old_size <= new_size:
        return False
    if old_size in {0, new_size}:
        return not proof and old_root == (new_root if old_size else EMPTY)
    nodes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    return bool(nodes) and _both_roots(old_size, new_size, nodes) == (old_root, new_root)


def _both_roots(old_size: int, new_size: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots that the nodes of a consistency proof lead to (RFC 9162 section 2.1.4.2)."""
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None
