# SPDX-License-Identifier: Apache-2.0
"""The house: a plug that can be pulled, and put in again under its name."""

import pytest
import serial

from hil.hour.house import Lead


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
