# SPDX-License-Identifier: Apache-2.0
"""The protocol of enrolment: what fits, and that nothing else does."""

import re

import pytest
from hypothesis import given, strategies as st

from edge.trust import enrol
from edge.trust.enrol import (
    CODE_OCTETS,
    EnrolRefused,
    Fault,
    fits,
    keys_of,
    make_answer,
    open_answer,
    prove,
    read_code,
    write_code,
)

CODE = bytes(range(10))
OTHER = bytes(range(1, 11))
NONCE = bytes(12)
SHARED = {"pseudonym": "ab" * 32}


def refused(function, *args):
    with pytest.raises(EnrolRefused) as caught:
        function(*args)
    return caught.value.fault


@given(st.binary(min_size=CODE_OCTETS, max_size=CODE_OCTETS))
def test_a_code_is_four_groups_of_four_and_reads_back(octets):
    code = write_code(octets)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code)
    assert read_code(code) == octets


def test_a_code_is_read_as_people_write_it():
    code = write_code(bytes.fromhex("00443214c74254b635cf"))
    assert code == "0123-4567-89AB-CDEF"
    for typed in ("0123456789abcdef", " ol23 4567 89ab cdef ", "OI23-4567-89AB-CDEF"):
        assert read_code(typed) == read_code(code)


@pytest.mark.parametrize("typed", [
    "", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEFG", "U123-4567-89AB-CDEF", "0123-4567-89AB-CDEÉ",
    "Ⅰ123" * 4,
])  # fmt: skip
def test_what_is_no_code_is_named_so(typed):
    assert refused(read_code, typed) is Fault.BAD_CODE


def test_both_ends_derive_the_same_three_keys_and_no_two_are_alike():
    keys = keys_of(CODE, "astana-1", "request")
    assert keys == keys_of(CODE, "astana-1", "request")
    assert len(set(keys)) == 3
    assert {len(key) for key in keys} == {32}


@pytest.mark.parametrize(("code", "node", "text"), [
    (OTHER, "astana-1", "0123"), (CODE, "astana-2", "0123"), (CODE, "astana-1", "01234"),
    (CODE, "astana-10", "123"),
])  # fmt: skip
def test_a_proof_fits_one_code_one_name_and_one_request(code, node, text):
    keys = keys_of(CODE, "astana-1", "0123")
    proof = prove(keys, "0123")
    assert fits(keys, "0123", proof)
    assert not fits(keys_of(code, node, text), text, proof)
    assert not fits(keys, "0123", proof[:-1])
    assert not fits(keys, "0123", "é" * 64)


def test_an_answer_brings_its_secrets_and_shows_them_to_nobody_else():
    keys = keys_of(CODE, "astana-1", "request")
    answer = make_answer(keys, "certificate", "authority", SHARED, NONCE)
    assert open_answer(keys, answer) == SHARED
    assert SHARED["pseudonym"] not in bytes.fromhex(answer.sealed).decode("latin-1")


@pytest.mark.parametrize("changed", [
    {"certificate": "another"}, {"authority": "another"}, {"sealed": "00" * 40}, {"sealed": ""},
    {"proof": "0" * 64}, {"proof": ""}, {"certificate": "certificatea", "authority": "uthority"},
])  # fmt: skip
def test_whoever_changes_an_answer_breaks_its_proof(changed):
    keys = keys_of(CODE, "astana-1", "request")
    answer = make_answer(keys, "certificate", "authority", SHARED, NONCE)
    assert refused(open_answer, keys, answer._replace(**changed)) is Fault.WRONG_PROOF


def test_an_answer_under_another_code_or_to_another_request_is_refused():
    answer = make_answer(keys_of(CODE, "astana-1", "before"), "c", "a", SHARED, NONCE)
    for keys in (keys_of(OTHER, "astana-1", "before"), keys_of(CODE, "astana-1", "now")):
        assert refused(open_answer, keys, answer) is Fault.WRONG_PROOF


def test_secrets_sealed_for_another_certificate_do_not_open():
    keys = keys_of(CODE, "astana-1", "request")
    sealed = make_answer(keys, "another", "authority", SHARED, NONCE).sealed
    forged = make_answer(keys, "certificate", "authority", {}, NONCE)._replace(sealed=sealed)
    # Its maker knows the code, so that its proof is right; the seal alone tells.
    forged = forged._replace(proof=enrol._answer_proof(keys, *forged[:3]))
    assert refused(open_answer, keys, forged) is Fault.UNREADABLE
