# SPDX-License-Identifier: Apache-2.0
"""What may be written of detection, and what is said of what may not."""

from pathlib import Path

import pytest

from edge import config
from edge.errors import ConfigError

HEAD = '[node]\nname = "a"\n'
WHOLE = """\
[detect]
keys = 1000
action = "block"
places4 = "asn4.tsv"

[[detect.allowed]]
name = "bank"
numbers = ["+77172000001"]
ranges = ["+7717200"]
media = ["198.51.100.7", "2001:db8::7"]

[[detect.allowed]]
name = "school"
"""


def test_it_looks_and_only_observes_unless_that_is_changed() -> None:
    found = config.parse(HEAD, Path("edge.toml")).detect
    assert (found.on, found.action, found.keys, found.allowed) == (True, "observe", 8000, ())
    assert (found.places4, found.places6) == (None, None)


def test_everything_can_be_set_and_is_shown_as_it_is_read(tmp_path: Path) -> None:
    found = config.parse(HEAD + WHOLE, tmp_path / "edge.toml")
    assert found.detect.places4 == tmp_path / "asn4.tsv"
    bank, school = found.detect.allowed
    assert (bank.name, bank.numbers, bank.ranges) == ("bank", ("+77172000001",), ("+7717200",))
    assert [str(one) for one in bank.media] == ["198.51.100.7", "2001:db8::7"]
    assert school.name == "school"
    assert config.parse(config.show(found), tmp_path / "edge.toml").detect == found.detect


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[detect]\naction = "allow"\n', "detect.action"),
        ("[detect]\nkeys = 5\n", "detect.keys"),
        ('[detect]\nactions = "block"\n', "did you mean 'action'?"),
        ('[[detect.allowed]]\nname = ""\n', "detect.allowed.0.name"),
        ('[[detect.allowed]]\nname = "a"\nnumbers = ["77172000001"]\n', "written in full"),
        ('[[detect.allowed]]\nname = "a"\nranges = ["7717"]\n', "leading digits are written"),
        ('[[detect.allowed]]\nname = "a"\nmedia = ["pbx"]\n', "detect.allowed.0.media.0"),
        ('[policy.rules]\n"analytics.campaign" = "block"\n', "is set by detect.action"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.parse(HEAD + text, Path("edge.toml"))
    assert said in str(refused.value)
