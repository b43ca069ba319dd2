# SPDX-License-Identifier: Apache-2.0
"""An alarm is named in what is raised, and a refusal is a `TrustError`."""

import pytest

from edge.errors import TrustError
from edge.trust.alarm import Alarm, Refused


@pytest.mark.parametrize("alarm", Alarm)
def test_a_refusal_names_its_alarm(alarm):
    with pytest.raises(Refused, match=f"^{alarm.value}: seen$") as caught:
        raise Refused(alarm, "seen")
    assert caught.value.alarm is alarm
    assert isinstance(caught.value, TrustError)
