# SPDX-License-Identifier: Apache-2.0
"""What may be written of the machine itself, and what is said of what may not."""

from pathlib import Path

import pytest

from edge import config
from edge.errors import ConfigError

HEAD = '[node]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[box]\nmirrors = ["en p"]\n', "an interface is named as `ip link` shows it"),
        ('[box]\nmirrors = ["../../etc"]\n', "an interface is named"),
        ('[box.port."a/b"]\n', "box.port.a/b"),
        ('[box]\nhostname = "-a"\n', "a host is a name or an address"),
        ('[box.port.enp1s0]\nntp = ["a\\nb"]\n', "a host is a name or an address"),
        ('[box.port.enp1s0]\naddresses = ["10.0.0.300/24"]\n', "box.port.enp1s0.addresses"),
        ('[box]\nswitches = ["10.0.0.1/24"]\n', "box.switches"),
        ('[box]\noperator = []\n', "did you mean 'operators'?"),
        ('[health]\nsettle_s = 1\n', "health.settle_s"),
        ('[health]\nwithout_hub = "always"\n', "health.without_hub"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.parse(HEAD + text, Path("edge.toml"))
    assert said in str(refused.value)


def test_what_is_not_said_has_a_meaning() -> None:
    found = config.parse(HEAD + "[box.port.enp1s0]\n", Path("edge.toml"))
    assert found.box.port["enp1s0"].addresses == ()
    assert (found.box.mirrors, found.box.switches, found.box.hostname) == ((), (), None)
    assert (found.health.settle_s, found.health.deadline_s) == (60, 600)
    assert config.parse(config.show(found), Path("edge.toml")).box == found.box
