# SPDX-License-Identifier: Apache-2.0
"""Cosignatures stand as the standard says, and none is given for a log that was turned back."""

import base64
import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import ConfigError
from edge.report.message import Cosigned
from hil.hub import cosign
from hil.hub.batch import Checkpoint
from hil.hub.conformance_log import checkpoint, verifies
from hil.hub.cosign import Cosigner, Told, Witness, body_of
from hil.hub.store import NOTES, Store

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


class Log:
    """The log of an appliance, and a hub that is told of it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.signer = cosign.load(folder)
        self._witness = Witness(store, self.signer)

    def tell(self, seq: int, size: int, root: bytes, stream: int = 1) -> Cosigned | None:
        note, _ = checkpoint("n1/evidence", size, root)
        told = Told("n1", stream, Checkpoint("n1/evidence", size, note, seq))
        with self.store.writing() as connection:
            return self._witness.cosign(connection, told, NOW_NS)

    @property
    def alarms(self) -> list[str]:
        with self.store.reading() as connection:
            found = connection.execute(sa.select(NOTES.c.name, NOTES.c.text)).all()
        assert {name for name, _ in found} <= {"checkpoint-refused"}
        return sorted(text.removeprefix("the log of evidence n1/evidence ") for _, text in found)


@pytest.fixture
def log(store: Store, tmp_path: Path) -> Log:
    return Log(store, tmp_path)


def test_a_log_that_grows_is_cosigned(log: Log) -> None:
    for seq, size in enumerate((0, 5, 6), start=1):
        signed = log.tell(seq, size, b"%d" % size)
        assert signed is not None
        _, body = checkpoint("n1/evidence", size, b"%d" % size)
        assert verifies(signed.signature, body, log.signer.vkey)
    assert not log.alarms


def test_the_same_again_gets_the_same_again(log: Log) -> None:
    assert log.tell(1, 5, b"a") == log.tell(1, 5, b"a") == log.tell(2, 5, b"a") is not None
    assert not log.alarms


def test_a_smaller_log_is_refused(log: Log) -> None:
    log.tell(1, 5, b"a")
    assert log.tell(2, 4, b"b") is None
    assert log.tell(1, 3, b"c", stream=2) is None
    assert log.alarms == ["went back to 3 of 5", "went back to 4 of 5"]


def test_two_logs_of_one_size_are_refused(log: Log) -> None:
    log.tell(1, 5, b"a")
    assert log.tell(2, 5, b"b") is None
    assert log.alarms == ["has another root than it had at 5"]


def test_a_checkpoint_that_was_overtaken_is_no_alarm(log: Log) -> None:
    log.tell(9, 50, b"fifty")
    assert log.tell(8, 40, b"forty") is None
    assert not log.alarms


def test_a_log_that_was_larger_before_is_refused(log: Log) -> None:
    log.tell(9, 50, b"fifty")
    assert log.tell(8, 60, b"sixty") is None
    assert log.alarms == ["went back to 60 of 50"]


def test_another_appliance_may_call_its_log_the_same(log: Log) -> None:
    log.tell(1, 5, b"a")
    note, _ = checkpoint("n1/evidence", 3, b"c")
    told = Told("n2", 7, Checkpoint("n1/evidence", 3, note, 1))
    with log.store.writing() as connection:
        assert Witness(log.store, log.signer).cosign(connection, told, NOW_NS) is not None


def test_a_note_that_says_something_else_is_refused(log: Log) -> None:
    note, _ = checkpoint("n1/evidence", 5, b"a")
    for said in (Checkpoint("n1/evidence", 6, note, 1), Checkpoint("other", 5, note, 2)):
        with log.store.writing() as connection:
            told = Told("n1", 1, said)
            assert Witness(log.store, log.signer).cosign(connection, told, NOW_NS) is None
    with log.store.reading() as connection:
        assert len(connection.execute(sa.select(NOTES)).all()) == 2


def test_the_latest_is_told_to_who_asks(log: Log) -> None:
    log.tell(1, 5, b"a")
    latest = log.tell(2, 6, b"b")
    with log.store.reading() as connection:
        assert cosign.latest_of(connection, "n1") == (latest,)
        assert cosign.latest_of(connection, "n2") == ()
