# SPDX-License-Identifier: Apache-2.0
"""Keyed hashes of numbers: who can make them, for how long, and that no plain hash is one."""

import hashlib
import hmac
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from edge.errors import ConfigError
from edge.report.pseudonym import FILE, Pseudonyms, load, quarter

NS = 10**9
SECRET = bytes(range(32))
NUMBER = "+447700900123"


def at(year, month, day=1, second=0):
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * NS + second * NS


def test_a_hash_is_hmac_under_the_key_of_the_quarter():
    key = hmac.digest(SECRET, b"2026Q4", "sha256")
    expected = hmac.digest(key, NUMBER.encode(), "sha256")[:16].hex()
    assert Pseudonyms(SECRET).of(NUMBER, at(2026, 11)) == expected
    named = f"2026Q4-{hashlib.sha256(key).hexdigest()[:8]}"
    assert Pseudonyms(SECRET).key_id(at(2026, 11)) == named


@given(st.text(), st.binary(min_size=32, max_size=32), st.integers(0, (1 << 63) - 1))
def test_any_text_under_any_secret_at_any_time(text, secret, when):
    hashes = Pseudonyms(secret)
    key = hmac.digest(secret, quarter(when)[0].encode(), "sha256")
    octets = text.encode("utf-8", "surrogatepass")
    assert hashes.of(text, when) == hmac.digest(key, octets, "sha256")[:16].hex()


def test_the_key_changes_with_the_quarter_and_comes_back_with_the_time():
    hashes = Pseudonyms(SECRET)
    last, first = at(2027, 1) - 1, at(2027, 1)
    assert hashes.of(NUMBER, last) != hashes.of(NUMBER, first)
    assert (hashes.key_id(last)[:6], hashes.key_id(first)[:6]) == ("2026Q4", "2027Q1")
    assert hashes.of(NUMBER, last) == Pseudonyms(SECRET).of(NUMBER, at(2026, 10))


def test_two_deployments_have_nothing_in_common():
    one, other = Pseudonyms(SECRET), Pseudonyms(bytes(32))
    assert one.of(NUMBER, at(2026, 11)) != other.of(NUMBER, at(2026, 11))
    assert one.key_id(at(2026, 11)) != other.key_id(at(2026, 11))


def test_without_the_secret_no_hash_of_a_number_can_be_guessed():
    said = Pseudonyms(SECRET).of(NUMBER, at(2026, 11))
    for text in (NUMBER, NUMBER[1:], f"{NUMBER}2026Q4", f"2026Q4{NUMBER}"):
        for algorithm in ("sha256", "sha1", "md5", "sha512", "blake2b"):
            assert said not in hashlib.new(algorithm, text.encode()).hexdigest()


@pytest.mark.parametrize("month", range(1, 13))
def test_a_quarter_begins_and_ends_where_the_calendar_says(month):
    name, begins, ends = quarter(at(2024, month, 29))
    first = (month - 1) // 3 * 3 + 1
    assert (name, begins) == (f"2024Q{first // 3 + 1}", at(2024, first))
    assert ends == (at(2025, 1) if first == 10 else at(2024, first + 3))


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path):
    folder = tmp_path / "identity"
    first = load(folder)
    file = folder / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(file.read_text())) == 32
    assert load(folder).of(NUMBER, 0) == first.of(NUMBER, 0)
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_two_processes_that_start_at_once_use_one_secret(tmp_path):
    code = (
        "import sys; from pathlib import Path; from edge.report.pseudonym import load\n"
        "sys.stdin.readline(); print(load(Path(sys.argv[1])).of('+447700900123', 0))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "identity")]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    assert len({process.communicate(timeout=60)[0] for process in running}) == 1


@pytest.mark.parametrize("text", ["", "abc", "00" * 31, "zz" * 32, "не секрет"])
def test_a_damaged_secret_is_named_and_never_made_anew(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"pseudonym\.key: is not a secret"):
        load(tmp_path)
    assert (tmp_path / FILE).read_text() == text


def test_a_folder_that_takes_nothing_is_named(tmp_path):
    (tmp_path / "identity").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"pseudonym\.key"):
        load(tmp_path / "identity")


def test_core_may_hash_without_cryptography():
    code = "import sys, edge.report.pseudonym; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
