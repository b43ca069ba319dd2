# SPDX-License-Identifier: Apache-2.0
"""Routing labels against tshark, and the names of what is not ISUP."""

import pytest

from edge.decode.mtp3 import Label, parse
from edge.model.message import Malformed
from tests.vectors.e1.make_vectors import ISUP_MESSAGES, mtp3
from tests.vectors.e1.oracle import numbers, tshark

FIELDS = ["mtp3.opc", "mtp3.dpc", "mtp3.sls", "mtp3.service_indicator", "mtp3.network_indicator"]


@pytest.mark.peer("tshark")
def test_every_label_is_what_tshark_reads():
    for row, message in zip(tshark("mtp3.pcap", FIELDS), ISUP_MESSAGES, strict=True):
        label = parse(mtp3(message)).label
        ours = [label.opc, label.dpc, label.sls, label.service, label.network]
        assert [numbers(row[name]) for name in FIELDS] == [[value] for value in ours]


@pytest.mark.parametrize("code", [0, 1, 0x1555, 0x2AAA, 0x3FFF])
def test_point_codes_have_fourteen_bits(code):
    label = parse(mtp3(b"", opc=code, dpc=0x3FFF - code, sls=9, network=3)).label
    assert label == Label(code, 0x3FFF - code, 9, 5, 3)


@pytest.mark.parametrize(
    ("service", "payload", "name"),
    [
        (0, b"\x14", "TFP"),
        (0, b"\x54", "TFA"),
        (0, b"\x16", "LIN"),
        (0, b"\x99", "SNM"),
        (1, b"\x11", "SLTM"),
        (2, b"\x21", "SLTA"),
        (3, b"\x09", "SCCP"),
        (5, b"", "ISUP"),
        (13, b"", "BICC"),
        (15, b"", "SI-15"),
    ],
)
def test_users_and_management_are_named(service, payload, name):
    assert parse(mtp3(payload, service=service)).type == name


@pytest.mark.parametrize("size", range(5))
def test_a_cut_label_is_malformed(size):
    malformed = parse(mtp3(b"")[:size])
    assert isinstance(malformed, Malformed)
    assert malformed.layer == "mtp3"
