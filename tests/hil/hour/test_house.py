# SPDX-License-Identifier: Apache-2.0
"""The house: a plug that can be pulled, put in again under its name; what runs as its unit says."""

import pytest
import serial

from edge.seen.readings import VERSION, Reading
from hil.hour.house import Lead, niceness, values_of

Ages = list[tuple[tuple[str, ...], list[float]]]


def test_a_lead_is_pulled_and_put_in_again(tmp_path):
    lead = Lead(tmp_path / "probe")
    with serial.Serial(str(lead.port), timeout=5) as far:
        lead.write(b"heard")
        assert far.read(5) == b"heard"
        lead.pull()
        lead.write(b"lost")
        assert not lead.port.exists()
        with pytest.raises(serial.SerialException):
            far.read(5)
    lead.plug()
    with serial.Serial(str(lead.port), timeout=5) as far:
        lead.write(b"again")
        assert far.read(5) == b"again"
    lead.close()
    lead.close()
    assert lead.read(0) == b""


def test_who_hears_goes_first_as_on_an_appliance() -> None:
    found = {name: int(niceness(name)) for name in ("core", "uplink", "page", "hub", "play")}
    assert found.pop("core") < 0
    assert set(found.values()) == {0}


def test_a_number_is_found_in_every_series_with_its_labels() -> None:
    ages: Ages = [(("block",), [2.0]), (("call",), [7.5]), (("audit",), [0.0])]
    numbers = {"qalqan_outbox_oldest_seconds": ages}
    told = Reading(VERSION, "core", 1, "1.0", "boot", 0, numbers)
    assert values_of(told, "qalqan_outbox_oldest_seconds") == [2.0, 7.5, 0.0]
    assert values_of(told, "qalqan_outbox_oldest_seconds", "call") == [7.5]
    assert values_of(told, "qalqan_outbox_oldest_seconds", "call", "more") == []
    assert values_of(told, "qalqan_calls_up") == []
    assert values_of(None, "qalqan_calls_up") == []
