# SPDX-License-Identifier: Apache-2.0
"""Which slot the words of a boot environment choose, and what each change makes of them."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from edge.update import bootenv
from edge.update.bootenv import BAD, FIRST, GOOD, NEW, Env, Slot
from tests.update import grub_model
from tests.update.grub_model import Disk

SPENT = Slot("new", 0)
SLOTS = st.builds(Slot, st.sampled_from(["good", "new", "bad"]), st.integers(0, 3))
NAMES = st.sampled_from(bootenv.NAMES)
ENVS = st.builds(Env, st.integers(FIRST, 99_999_999), NAMES, SLOTS, SLOTS, NAMES)


@pytest.mark.parametrize(
    ("primary", "a", "b", "last", "expected"),
    [
        pytest.param("A", GOOD, BAD, "A", "AB", id="as flashed; an empty slot is the last resort"),
        pytest.param("B", GOOD, NEW, "A", "BA", id="an update has its tries"),
        pytest.param("B", GOOD, Slot("new", 1), "A", "BA", id="down to the last one"),
        pytest.param("B", GOOD, SPENT, "A", "AB", id="then the old slot is back"),
        pytest.param("B", GOOD, BAD, "A", "AB", id="health has given it up"),
        pytest.param("A", BAD, GOOD, "B", "BA", id="its own kind the other way"),
        pytest.param("B", BAD, SPENT, "A", "AB", id="neither: the one confirmed last"),
        pytest.param("A", BAD, BAD, "B", "BA", id="neither: the other way"),
        pytest.param("B", SPENT, NEW, "A", "BA", id="an update out of an unconfirmed slot"),
    ],
)
def test_the_order_of_the_slots(
    primary: bootenv.Name, a: Slot, b: Slot, last: bootenv.Name, expected: str
) -> None:
    env = Env(FIRST, primary, a, b, last)
    assert "".join(bootenv.order(env)) == expected
    assert bootenv.choose(env) == expected[0]


@given(ENVS)
def test_a_copy_says_what_was_put_in_it_in_one_sector(env: Env) -> None:
    octets = bootenv.encode(env)
    assert bootenv.decode(octets) == env
    assert len(octets) == bootenv.SIZE
    assert set(octets[bootenv.SECTOR :]) == {ord("#")}


@given(ENVS, ENVS, st.integers(0, 170))
def test_a_write_broken_off_is_the_old_copy_the_new_one_or_none(
    old: Env, new: Env, at: int
) -> None:
    old = replace(old, seq=min(old.seq, 99_999_998))
    new = replace(new, seq=old.seq + 1)
    half = bootenv.encode(new)[:at] + bootenv.encode(old)[at:]
    found = bootenv.decode(half)
    assert found is None or found.seq != new.seq or _words(found) == _words(new)


def _words(env: Env) -> tuple[object, ...]:
    """What the last line of a copy repeats."""
    return env.seq, env.primary, env.a.state, env.b.state, env.last


@given(ENVS, ENVS, st.lists(st.tuples(st.integers(0, 180), st.integers(0, 255)), max_size=4))
def test_house_and_model_read_alike(first: Env, second: Env, spoilt: list[tuple[int, int]]) -> None:
    copies = [bytearray(bootenv.encode(env)) for env in (first, second)]
    for number, (at, octet) in enumerate(spoilt):
        copies[number % 2][at] = octet
    disk = Disk([bytes(octets) for octets in copies])
    found, (at_model, words) = bootenv.newest(disk.env), grub_model.counts(disk)
    assert (found[0] if found else None) == at_model
    if found:
        assert str(found[1].seq) == words["seq"]
        ready, resort = grub_model.slots(disk)
        assert bootenv.order(found[1]) == ready + [name for name in resort if name not in ready]


@given(st.binary(max_size=300))
def test_any_octets_are_read_alike(octets: bytes) -> None:
    spoilt = bootenv.SIGNATURE + octets
    assert bootenv.words(spoilt) == grub_model.load_env(spoilt)
    assert bootenv.words(octets) == grub_model.load_env(octets)


def test_the_newest_whole_copy_counts_and_the_first_of_two_alike() -> None:
    old, new = bootenv.fresh("A"), replace(bootenv.fresh("B"), seq=FIRST + 1)
    both = [bootenv.encode(old), bootenv.encode(new)]
    assert bootenv.newest(both) == (1, new)
    assert bootenv.newest([both[0], bytes(1024)]) == (0, old)
    assert bootenv.newest([b"", both[1]]) == (1, new)
    assert bootenv.newest([both[0], both[0]]) == (0, old)
    spent = replace(old, a=Slot("good", 2))
    assert bootenv.newest([both[0], bootenv.encode(spent)]) == (1, spent)
    assert bootenv.newest([b"", b"\xff" * 1024]) is None


@pytest.mark.parametrize(
    ("spoilt", "by"),
    [
        (b"seq=1", b"seq=0"), (b"primary=A", b"primary=C"), (b"a=good", b"a=best"),
        (b"last=A", b"last="), (b"tries_b=0", b"tries_b=4"), (b"tries_a=3", b"tries_a=33"),
        (b"end=", b"emd="), (b"# GRUB", b"# grub"),
    ],
)  # fmt: skip
def test_a_copy_with_a_word_out_of_range_is_not_whole(spoilt: bytes, by: bytes) -> None:
    octets = bootenv.encode(bootenv.fresh("A"))
    assert spoilt in octets
    assert bootenv.decode(octets.replace(spoilt, by, 1)) is None


def test_an_update_from_the_old_slot_to_the_confirmed_new_one() -> None:
    env = bootenv.set_good(bootenv.fresh("A"), "B")
    env = bootenv.set_good(env, "A")
    env = bootenv.set_bad(env, "B", "A")
    assert (env.b, bootenv.choose(env)) == (BAD, "A")
    env = bootenv.set_primary(env, "B", "A")
    assert (env.b, bootenv.choose(env), env.last) == (NEW, "B", "A")
    env = bootenv.set_good(env, "B")
    assert (env.b, bootenv.choose(env), env.last) == (GOOD, "B", "B")


@pytest.mark.parametrize(
    ("env", "name", "running", "expected"),
    [
        pytest.param(bootenv.fresh("A"), "A", "A", GOOD, id="the one that runs, and runs well"),
        pytest.param(bootenv.fresh("A"), "A", None, GOOD, id="the one that is first already"),
        pytest.param(bootenv.fresh("A"), "B", "A", NEW, id="an empty one has to prove itself"),
        pytest.param(
            Env(FIRST, "A", GOOD, GOOD, "A"), "B", "A", NEW, id="one that was good long ago, too"
        ),
        pytest.param(Env(FIRST, "B", GOOD, SPENT, "A"), "B", "A", NEW, id="once more, by hand"),
        pytest.param(Env(FIRST, "A", BAD, GOOD, "B"), "B", "B", GOOD, id="back to what runs"),
    ],
)
def test_a_slot_put_first_is_confirmed_anew_unless_it_runs(
    env: Env, name: bootenv.Name, running: bootenv.Name | None, expected: Slot
) -> None:
    after = bootenv.set_primary(env, name, running)
    assert (after.primary, after.slot(name)) == (name, expected)


@pytest.mark.parametrize(
    ("env", "name", "running", "last"),
    [
        pytest.param(Env(FIRST, "A", GOOD, GOOD, "B"), "B", "A", "A", id="overwritten"),
        pytest.param(
            Env(FIRST, "A", NEW, GOOD, "B"), "B", "A", "A", id="out of an unconfirmed one"
        ),
        pytest.param(
            Env(FIRST, "B", GOOD, GOOD, "B"), "B", "B", "A", id="failed beside a good one"
        ),
        pytest.param(
            Env(FIRST, "B", BAD, GOOD, "B"), "B", "B", "B", id="failed, the other no better"
        ),
        pytest.param(Env(FIRST, "B", GOOD, NEW, "A"), "B", "B", "A", id="failed before confirmed"),
    ],
)
def test_the_last_resort_is_never_a_slot_being_overwritten(
    env: Env, name: bootenv.Name, running: bootenv.Name, last: str
) -> None:
    after = bootenv.set_bad(env, name, running)
    assert (after.slot(name), after.last) == (BAD, last)


def test_a_marker_is_what_grub_reads() -> None:
    octets = bootenv.marker(1_764_115_200, "console=ttyS0")
    said = {"build": "1764115200", "confirmed": "0", "args": "console=ttyS0"}
    assert grub_model.load_env(octets) == said
    assert len(octets) == bootenv.SIZE


@pytest.mark.parametrize(("build", "args"), [(0, ""), (1, "a\nb"), (1, "a\\b"), (1, "x" * 500)])
def test_a_marker_that_grub_would_misread_is_refused(build: int, args: str) -> None:
    with pytest.raises(ValueError, match=r"positive|fit"):
        bootenv.marker(build, args)
