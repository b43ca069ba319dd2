# SPDX-License-Identifier: Apache-2.0
"""`qalqan list urgent sign-record`: away from the repository, after all of it was shown."""

from hashlib import sha256

import pytest

from edge.blocklist.manifest import Record, read_signed
from edge.errors import ConfigError, InputError, ListError
from edge.trust.urgent import sign_record, signed_by
from tests.blocklist.images import entry
from tests.cli.list_house import run
from tests.trust.centre import NOW, Centre

RECORD = Record(
    "fraud", 5, NOW, NOW + 3600, (entry("77172000001"), entry("4477009*")), (entry("77172000002"),)
)
OCTETS = sign_record(RECORD, []).record


@pytest.fixture
def centre(tmp_path, monkeypatch):
    made = Centre(tmp_path / "centre")
    for (name, side), key in made.keys.items():
        (tmp_path / f"{name}-{side}.key").write_bytes(key.private_bytes)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "record.json").write_bytes(OCTETS)
    return made


def sign(side, *more, octets=OCTETS, **how):
    key = "fraud-operator.key"
    return run("urgent", "sign-record", "record.json", "--as", side, "--key", key, "--sha256",
               sha256(octets).hexdigest(), "--out", "out.json", *more, **how)  # fmt: skip


def test_all_of_it_is_shown_and_the_very_octets_are_signed(centre, tmp_path):
    done = sign("operator", input="y\n")
    assert done.output.splitlines()[:5] == [
        "fraud urgent 5: until 2030-03-17 18:46 UTC",
        "+ +77172000001  block  calling  fraud  order-1",
        "+ +4477009*  block  calling  fraud  order-1",
        "- +77172000002  block  calling  fraud  order-1",
        f"file SHA-256 {sha256(OCTETS).hexdigest()}",
    ]
    signed = read_signed((tmp_path / "out.json").read_bytes())
    assert signed.record == OCTETS
    assert signed_by(signed, centre.repository.signers("fraud")) == {"operator"}


def test_nothing_is_signed_without_a_yes(centre, tmp_path):
    assert sign("operator", input="n\n").exit_code == 1
    assert not (tmp_path / "out.json").exists()


def test_what_cannot_be_right_is_not_signed(centre, tmp_path):
    with pytest.raises(ConfigError, match="engineer signs no list"):
        sign("engineer", "--yes")
    with pytest.raises(InputError, match="another file"):
        sign("operator", "--yes", octets=OCTETS + b" ")
    (tmp_path / "record.json").write_bytes(b"{}")
    with pytest.raises(ListError, match="no urgent record"):
        sign("operator", "--yes", octets=b"{}")
    ended = sign_record(Record("fraud", 4, 100, 200), []).record
    (tmp_path / "record.json").write_bytes(ended)
    with pytest.raises(InputError, match="has ended, 1970-01-01"):
        sign("operator", "--yes", octets=ended)
    assert not (tmp_path / "out.json").exists()
