# SPDX-License-Identifier: Apache-2.0
"""The tree is that of RFC 6962: beside us stands its definition, written down word by word."""

from hashlib import sha256

import pytest
from hypothesis import given, settings, strategies as st

from edge.evidence import merkle
from edge.evidence.merkle import (
    EMPTY,
    Frontier,
    consistency,
    inclusion,
    is_consistent,
    leaf_hash,
    over,
    root_by_inclusion,
    root_of,
    sides,
)

INPUTS = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
"Of the tests that the authors of RFC 6962 ship with their log."
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)  # fmt: skip
MOST = 40


def mth(d: list[bytes]) -> bytes:
    """RFC 6962 section 2.1."""
    if not d:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\0" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\1" + mth(d[:k]) + mth(d[k:])).digest()


def split(n: int) -> int:
    return max(1 << bit for bit in range(n.bit_length()) if 1 << bit < n)


def path(m: int, d: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


RECORDS = [f"record {number}".encode() for number in range(MOST)]
LEAVES = b"".join(map(leaf_hash, RECORDS))


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_of_the_published_vectors(size: int) -> None:
    leaves = b"".join(leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size])
    assert root_of(leaves).hex() == ROOTS[size]


def test_every_small_tree_is_that_of_the_definition() -> None:
    tree = Frontier()
    for size in range(MOST + 1):
        root = mth(RECORDS[:size])
        assert root_of(LEAVES, 0, size) == tree.root() == root
        for index in range(size):
            proof = inclusion(LEAVES, index, size)
            assert list(proof) == path(index, RECORDS[:size])
            assert len(sides(index, size)) == len(proof)
            leaf = leaf_hash(RECORDS[index])
            assert root_by_inclusion(leaf, index, size, proof) == root
            for side, node in zip(sides(index, size), proof, strict=True):
                both = node + leaf if side == "left" else leaf + node
                leaf = sha256(b"\1" + both).digest()
            assert leaf == root
        if size < MOST:
            tree.add(leaf_hash(RECORDS[size]))


def test_every_small_tree_begins_every_longer_one() -> None:
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            proof = consistency(over(LEAVES), old, new)
            assert list(proof) == subproof(old, RECORDS[:new], True)
            ends = (old, mth(RECORDS[:old])), (new, mth(RECORDS[:new]))
            assert is_consistent(*ends, proof)
            before = Frontier()
            before.extend(LEAVES[: old * 32])
            assert consistency(before.grown(LEAVES[old * 32 : new * 32]), old, new) == proof
        assert is_consistent((0, EMPTY), (new, mth(RECORDS[:new])), ())


@given(st.data())
def test_no_wrong_proof_of_inclusion_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    leaf, root, proof = (
        LEAVES[index * 32 :][:32],
        root_of(LEAVES, 0, size),
        inclusion(LEAVES, index, size),
    )
    other = data.draw(st.integers(-1, MOST).filter(lambda n: n != index))
    assert root_by_inclusion(leaf, other, size, proof) != root
    assert root_by_inclusion(leaf, index, size, (*proof, leaf)) != root
    if proof:
        assert root_by_inclusion(leaf, index, size, proof[:-1]) != root
        wrong = list(proof)
        at = data.draw(st.integers(0, len(wrong) - 1))
        wrong[at] = flipped(wrong[at], data)
        assert root_by_inclusion(leaf, index, size, wrong) != root
    assert root_by_inclusion(flipped(leaf, data), index, size, proof) != root


@given(st.data())
def test_no_wrong_proof_of_consistency_holds(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, new - 1))
    ends = (old, root_of(LEAVES, 0, old)), (new, root_of(LEAVES, 0, new))
    proof = list(consistency(over(LEAVES), old, new))
    assert is_consistent(*ends, proof)
    at = data.draw(st.integers(0, len(proof) - 1))
    assert not is_consistent(*ends, [*proof[:at], flipped(proof[at], data), *proof[at + 1 :]])
    assert not is_consistent(*ends, proof[:-1])
    assert not is_consistent(*ends, [*proof, proof[-1]])
    assert not is_consistent((old, flipped(ends[0][1], data)), ends[1], proof)
    assert not is_consistent(ends[0], (new, flipped(ends[1][1], data)), proof)
    assert not is_consistent(ends[1], ends[0], proof)


def flipped(octets: bytes, data: st.DataObject) -> bytes:
    at, bit = data.draw(st.integers(0, len(octets) - 1)), data.draw(st.integers(0, 7))
    return octets[:at] + bytes([octets[at] ^ (1 << bit)]) + octets[at + 1 :]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_a_frontier_grows_by_any_steps(steps: list[int]) -> None:
    tree, leaves = Frontier(), b""
    for number, step in enumerate(steps):
        more = b"".join(leaf_hash(b"%d %d" % (number, at)) for at in range(step))
        before = tree.copy()
        tree.extend(more)
        leaves += more
        assert (tree.size, tree.root()) == (len(leaves) // 32, root_of(leaves))
        assert before.size == tree.size - step


def test_a_tree_larger_than_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merkle, "_SLICE", 4)
    for size in range(MOST + 1):
        assert root_of(LEAVES, 0, size) == mth(RECORDS[:size])


def test_proofs_of_nothing() -> None:
    assert root_by_inclusion(EMPTY, 0, 0, ()) is None
    assert not is_consistent((3, EMPTY), (2, EMPTY), ())
    assert not is_consistent((-1, EMPTY), (2, EMPTY), ())
    assert consistency(over(LEAVES), 0, 5) == consistency(over(LEAVES), 5, 5) == ()
