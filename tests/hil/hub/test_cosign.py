# SPDX-License-Identifier: Apache-2.0
"""Cosignatures stand as the standard says, and none is given for a log that was turned back."""

import base64
import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from edge.report.message import Cosigned
from hil.hub import cosign, growth
from hil.hub.batch import MOST_SEQ, Checkpoint
from hil.hub.conformance_log import Leaves, verifies
from hil.hub.cosign import Cosigner, Told, Witness, body_of
from hil.hub.growth import WAITING
from hil.hub.store import NOTES, STREAMS, Store

NOW_NS = 1_679_315_147 * 10**9
ORIGIN = "example.com/behind-the-sofa"
SPEC = f"""{ORIGIN}
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 {ORIGIN} Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501 - as in C2SP tlog-checkpoint


def test_the_body_is_all_above_the_signatures() -> None:
    body = body_of(SPEC)
    assert body is not None
    assert body.text == "".join(SPEC.splitlines(keepends=True)[:3])
    assert (body.origin, body.size, body.root[:4]) == (ORIGIN, 20852163, "CsUY")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "o\n1\n\nx",
        SPEC.replace("20852163", "020852163"),
        SPEC.replace("20852163", "-1"),
        SPEC.replace("20852163", "²"),
        SPEC.replace("CsUY", "CsU"),
        SPEC.replace(ORIGIN + "\n", "\n"),
        SPEC.partition("\n\n")[0] + "\n",
        SPEC.replace("sofa", "so\0fa"),
        SPEC.replace("q2I=", "q2J="),
        SPEC.replace("20852163", "9" * 20),
        SPEC.replace("20852163", "9" * 5000),
        SPEC.replace(ORIGIN, "o" * 256),
        SPEC + "x" * 9000,
    ],
)
def test_what_is_no_checkpoint_has_no_body(note: str) -> None:
    assert body_of(note) is None


def test_a_line_is_as_the_standard_says() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signer = Cosigner(key, "hub.example/w1")
    body = body_of(SPEC).text
    line = signer.line(body, 1_679_315_147)
    dash, name, packed = line.split(" ")
    octets = base64.b64decode(packed)
    public = key.public_key().public_bytes_raw()
    assert (dash, name) == ("\u2014", "hub.example/w1")
    assert octets[:4] == hashlib.sha256(b"hub.example/w1\n\x04" + public).digest()[:4]
    assert int.from_bytes(octets[4:12], "big") == 1_679_315_147
    key.public_key().verify(octets[12:], f"cosignature/v1\ntime 1679315147\n{body}".encode())
    material = base64.b64encode(b"\x04" + public).decode()
    assert signer.vkey == f"{name}+{octets[:4].hex()}+{material}"
    assert verifies(line, body, signer.vkey)
    assert not verifies(line, body.replace("20852163", "20852164"), signer.vkey)
    assert not verifies(line, body, Cosigner(key, "hub.example/w2").vkey)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = cosign.load(tmp_path / "new")
    assert cosign.load(tmp_path / "new").vkey == first.vkey
    assert (tmp_path / "new" / cosign.KEY).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [cosign.KEY]


def test_a_damaged_key_is_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / cosign.KEY).write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match=cosign.KEY):
        cosign.load(tmp_path)
    assert (tmp_path / cosign.KEY).read_bytes() == b"nonsense"


NAME = "n1/evidence"
GROWN, CHANGED = Leaves(NAME, 100), Leaves(NAME, 100, changed=30)


class Where(NamedTuple):
    """Who speaks, and in which stream."""

    node: str = "n1"
    stream: int = 1


ITS_OWN = Where()


class Log:
    """The log of an appliance, and a hub that is told of it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.signer = cosign.load(folder)
        self.witness = Witness(store, self.signer)

    def tell(
        self, seq: int, size: int, before: int = 0, of: Leaves = GROWN, where: Where = ITS_OWN
    ) -> Cosigned | None:
        return self.say(seq, of.checkpoint(size, before), where)

    def say(self, seq: int, said: dict[str, Any], where: Where = ITS_OWN) -> Cosigned | None:
        told = Told(where.node, where.stream, Checkpoint(seq=seq, **said))
        with self.store.writing() as connection:
            return self.witness.cosign(connection, told, NOW_NS)

    def is_signed(self, signed: Cosigned | None, size: int, of: Leaves = GROWN) -> bool:
        """Whether this is our signature under the first leaves."""
        assert signed is None or signed.size == size
        return signed is not None and verifies(signed.signature, of.body(size), self.signer.vkey)

    @property
    def alarms(self) -> list[str]:
        with self.store.reading() as connection:
            found = connection.execute(sa.select(NOTES.c.name, NOTES.c.text)).all()
        assert {name for name, _ in found} <= {"checkpoint-refused"}
        return sorted(text.removeprefix(f"the log of evidence {NAME} ") for _, text in found)

    @property
    def waits(self) -> int:
        with self.store.reading() as connection:
            return len(connection.execute(sa.select(WAITING)).all())


@pytest.fixture
def log(store: Store, tmp_path: Path) -> Log:
    return Log(store, tmp_path)


def grew_not(size: int) -> str:
    return f"does not show that it grew out of the log that was countersigned at {size}"


ANEW = ": it begins anew; if its checkpoints were lost, give that one back (CONTRACT.md)"


def test_a_log_that_grows_is_cosigned(log: Log) -> None:
    for seq, (before, size) in enumerate(pairwise((0, 5, 6, 50)), start=1):
        assert log.is_signed(log.tell(seq, size, before), size)
    assert not log.alarms


def test_an_empty_log_may_be_cosigned_and_grow(log: Log) -> None:
    assert log.is_signed(log.tell(1, 0), 0)
    assert log.is_signed(log.tell(2, 5, 0), 5)
    assert not log.alarms


def test_an_empty_log_has_one_root(log: Log) -> None:
    note = GROWN.checkpoint(5)["note"].replace("\n5\n", "\n0\n")
    assert log.say(1, GROWN.checkpoint(0) | {"note": note}) is None
    assert len(log.alarms) == 1


def test_the_same_again_gets_the_same_again(log: Log) -> None:
    assert log.tell(1, 5) == log.tell(1, 5) == log.tell(2, 5) is not None
    later = log.tell(3, 6, 5)
    assert log.is_signed(log.tell(1, 5), 5)
    assert log.tell(3, 6, 5) == later is not None
    assert not log.alarms


def test_a_smaller_log_is_refused(log: Log) -> None:
    log.tell(1, 5)
    assert log.tell(2, 4) is None
    assert log.tell(1, 3, where=Where(stream=2)) is None
    assert log.alarms == ["went back to 3 of 5", "went back to 4 of 5"]


def test_two_logs_of_one_size_are_refused(log: Log) -> None:
    log.tell(1, 50)
    assert log.tell(2, 50, of=CHANGED) is None
    assert log.alarms == ["has another root than it had at 50"]


def test_a_log_of_which_a_leaf_was_changed_is_refused(log: Log) -> None:
    log.tell(1, 50)
    assert log.tell(2, 60, 50, CHANGED) is None
    assert log.tell(3, 70, 60, CHANGED) is None
    assert log.tell(4, 80, 40, CHANGED) is None
    assert log.alarms == [grew_not(50)]
    assert log.is_signed(log.tell(5, 60, 50), 60)
    assert log.alarms == [grew_not(50), grew_not(60)]  # what waited for another 60
    assert log.waits == 0


def test_a_box_that_begins_anew_is_refused(log: Log) -> None:
    log.tell(1, 50)
    assert log.tell(2, 60) is None
    assert log.alarms == [grew_not(50) + ANEW]


def test_one_that_overtook_others_waits_for_them(log: Log) -> None:
    log.tell(1, 5)
    assert log.tell(4, 50, 20) is None
    assert log.tell(3, 20, 10) is None
    assert log.tell(3, 20, 10) is None  # again
    assert log.waits == 2
    assert log.is_signed(log.tell(2, 10, 5), 50)
    assert log.waits == 0
    assert log.is_signed(log.tell(3, 20, 10), 20)
    assert not log.alarms


def test_the_first_of_a_log_may_be_overtaken(log: Log) -> None:
    assert log.tell(2, 10, 5) is None
    assert log.is_signed(log.tell(1, 5), 10)
    assert not log.alarms


def test_a_chain_is_followed_as_far_as_it_holds(log: Log) -> None:
    for seq, (before, size) in enumerate(pairwise((10, 20, 40)), start=2):
        assert log.tell(seq, size, before) is None
    assert log.tell(4, 60, 40, CHANGED) is None
    assert log.tell(5, 70, 60) is None
    assert log.is_signed(log.tell(1, 10), 40)
    assert (log.alarms, log.waits) == ([grew_not(40)], 1)
    assert log.is_signed(log.tell(6, 60, 40), 70)


def test_more_may_wait_than_are_read_at_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one that arrives may cost is bounded; the next goes on where it stopped."""
    monkeypatch.setattr(growth, "PAGES", (1, 4, 3))
    for size in range(3, 21):
        assert log.tell(size, size, size - 1) is None
    assert log.is_signed(log.tell(2, 2), 10)
    assert log.is_signed(log.tell(21, 21, 20), 18)
    assert log.is_signed(log.tell(2, 2), 21)
    assert (log.alarms, log.waits) == ([], 0)


def test_what_can_be_followed_by_nothing_is_told(log: Log) -> None:
    """All before it is here, and its forerunner is not among them."""
    with log.store.writing() as connection:
        row = {"node": "n1", "stream": "s", "cls": "audit", "through": 3, "id": 1}
        connection.execute(sa.insert(STREAMS).values(row))
    assert log.tell(4, 50, 20) is None
    assert not log.alarms
    assert log.tell(3, 40, 20) is None
    assert log.alarms == [
        "does not show how it grew up to its first checkpoint that came here (CONTRACT.md)"
    ]


def test_a_checkpoint_that_was_overtaken_is_no_alarm(log: Log) -> None:
    """By a box that went on from an earlier one: a hub of before did not ask for proofs."""
    log.tell(9, 50)
    assert log.tell(8, 40, 20) is None
    assert not log.alarms


def test_another_appliance_may_call_its_log_the_same(log: Log) -> None:
    log.tell(1, 5)
    log.tell(2, 9, 8)
    other = Where("n2", 7)
    assert log.is_signed(log.tell(1, 3, where=other), 3)
    assert log.is_signed(log.tell(2, 8, 3, where=other), 8)
    assert log.waits == 1


GOOD = GROWN.checkpoint(9, 5)["proof"]


@pytest.mark.parametrize(
    "but",
    [
        {"proof": []},
        {"proof": GOOD[:-1]},
        {"proof": [*GOOD, GOOD[0]]},
        {"proof": [*GOOD[1:], GOOD[0]]},
        {"proof": [GOOD[0].upper(), *GOOD[1:]]},
        {"proof": [GOOD[0] + "\n", *GOOD[1:]]},
        {"proof": [GOOD[0][:-2], *GOOD[1:]]},
        {"proof": ["", *GOOD]},
        {"proof": ["\u0660" * 64]},
        {"proof": [*GOOD * 5_000]},
        {"before": 0},
        {"before": 4},
        {"before": 9},
        {"before": 10},
        {"before": MOST_SEQ},
        {"size": 10},
        {"size": MOST_SEQ},
        {"origin": "other"},
        {"origin": "\0" * 9_000},
        {"note": ""},
        {"note": CHANGED.checkpoint(9)["note"][:-20] + "\n\n"},
        {"note": GROWN.checkpoint(8)["note"]},
    ],
)
def test_what_proves_nothing_is_refused_and_hinders_nobody(log: Log, but: dict[str, Any]) -> None:
    log.tell(1, 5)
    assert log.say(2, GROWN.checkpoint(9, 5) | but) is None
    with log.store.reading() as connection:
        assert len(connection.execute(sa.select(NOTES)).all()) == 1
    assert log.waits == 0
    assert log.is_signed(log.tell(3, 9, 5), 9)


def test_the_latest_is_told_to_who_asks(log: Log) -> None:
    log.tell(1, 5)
    latest = log.tell(2, 6, 5)
    with log.store.reading() as connection:
        assert cosign.latest_of(connection, "n1") == (latest,)
        assert cosign.latest_of(connection, "n2") == ()
