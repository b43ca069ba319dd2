# SPDX-License-Identifier: Apache-2.0
"""Blocks of the manager interface: whole, in pieces, endless, none; channels and their calls."""

import pytest

from drivers.enforcers.asterisk_ami import wire
from drivers.enforcers.asterisk_ami.wire import Block, Channels, Framer, action, parse, proof
from edge.errors import EnforceError
from edge.model.message import Malformed

BANNER = b"Asterisk Call Manager/5.0.4\r\n"
STREAM = BANNER + (
    b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    b"Event: Newchannel\r\nChannel: PJSIP/trunk-00000001\r\nChanVariable: a\r\nChanVariable: b\r\n"
    b"CallerIDName: \xd0\x90: \xff\r\nno colon\r\n\r\n"
)
FIRST = Block(
    (("response", "Success"), ("actionid", "1"), ("message", "Authentication accepted"))
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_blocks_come_in_pieces(size: int) -> None:
    framer = Framer()
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    first, second = [block for piece in pieces for block in framer.feed(piece)]
    assert first == FIRST
    assert [value for key, value in second.lines if key == "chanvariable"] == ["a", "b"]
    assert second.get("calleridname") == "А: \ufffd"
    assert (second.get("event"), second.get("no colon")) == ("Newchannel", "")


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no banner"),
        (b"\x00" * (wire.MAX_BLOCK + 1), "without end"),
        (BANNER + b"Event: x\r\n" * (wire.MAX_BLOCK // 9 + 1), "without end"),
    ],
)
def test_what_is_no_manager_interface_is_malformed(octets: bytes, why: str) -> None:
    framer = Framer()
    (found,) = framer.feed(octets)
    assert isinstance(found, Malformed)
    assert why in found.why
    assert len(framer._held) <= wire.MAX_BLOCK


def test_empty_blocks_say_nothing() -> None:
    assert Framer().feed(BANNER + b"\r\n\r\n\r\n\r\n") == []


@pytest.mark.parametrize(
    ("text", "succeeded", "words"),
    [
        (b"Response: Success\nMessage: Channel Hungup", True, "Channel Hungup"),
        (b"Response: Error\nMessage: No such channel", False, "No such channel"),
        (b"Response: Goodbye", True, "Goodbye"),
        (b"Ping: Pong", False, "an empty answer"),
    ],
)
def test_what_an_answer_says(text: bytes, succeeded: bool, words: str) -> None:
    block = parse(text)
    assert (block.succeeded, block.text) == (succeeded, words)


def test_an_action() -> None:
    assert action("Hangup", ("Channel", "PJSIP/a-1"), ("Cause", "21")) == (
        b"Action: Hangup\r\nChannel: PJSIP/a-1\r\nCause: 21\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "\n", "\r", "a\0", "a\x85b", "\u2028"])
@pytest.mark.parametrize("place", ["name", "key", "value"])
def test_no_value_begins_a_line_of_its_own(place: str, value: str) -> None:
    words = {"name": "Hangup", "key": "Channel", "value": "PJSIP/a-1"} | {place: value}
    with pytest.raises(EnforceError, match="no line of an action"):
        action(words["name"], (words["key"], words["value"]))


def test_the_proof_is_the_digest_of_challenge_and_secret() -> None:
    assert proof("123456789", "abc") == "d266f2f31cf903c870027659030e967e"


def event(name: str, unique: str, channel: str = "", state: str = "4", exten: str = "") -> Block:
    pairs = {"event": name, "uniqueid": unique, "channel": channel, "channelstate": state}
    pairs["exten"] = exten
    return Block(tuple(pairs.items()))


def test_a_call_is_found_by_its_call_id_until_it_is_over() -> None:
    channels = Channels(())
    channel = channels.hear(event("Newchannel", "1", "PJSIP/trunk-00000001"))
    assert channel
    assert channels.find("a@192.0.2.1", "") is None
    channels.learn("1", "a@192.0.2.1")
    assert channels.find("a@192.0.2.1", "") is channel
    assert channels.hear(event("Newchannel", "1", "PJSIP/trunk-00000001")) is None
    channels.hear(event("Newstate", "1", state="5"))
    assert channel.takes_status
    channels.hear(event("Newstate", "1", state=wire.UP))
    assert channel.up
    channels.hear(Block((("event", "Rename"), ("uniqueid", "1"), ("newname", "PJSIP/b-00000002"))))
    assert channel.name == "PJSIP/b-00000002"
    channels.hear(event("Hangup", "1"))
    assert (channels.find("a@192.0.2.1", ""), len(channels)) == (None, 0)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("PJSIP/trunk-00000001", "CHANNEL(pjsip,call-id)"),
        ("PJSIP/trunk-b-00000001", ""),
        ("PJSIP/other-00000001", ""),
        ("SIP/trunk-00000001", "SIPCALLID"),
        ("DAHDI/trunk-1", ""),
        ("Local/trunk-00000001", ""),
        ("/^PJSIP/", ""),
        ("PJSIP/trunk-\x0700000001", ""),
        ("", ""),
    ],
)
def test_only_sip_channels_of_the_endpoints_named_are_ever_touched(name: str, asked: str) -> None:
    channel = Channels(("trunk",)).hear(event("Newchannel", "1", name))
    assert (wire.call_id_of(channel.name) if channel else "") == asked


def test_a_channel_that_is_renamed_to_something_else_is_let_go() -> None:
    channels = Channels(())
    channels.hear(event("Newchannel", "1", "PJSIP/trunk-00000001"))
    channels.learn("1", "a")
    channels.hear(Block((("event", "Rename"), ("uniqueid", "1"), ("newname", "/.*/"))))
    assert channels.find("a", "") is None


@pytest.mark.parametrize(
    ("called", "found"),
    [("77172000001", "1"), ("+77172000002", "3"), ("77172000003", None), ("", None)],
)
def test_of_calls_with_the_same_call_id_the_newest_to_the_number_is_meant(
    called: str, found: str | None
) -> None:
    channels = Channels(())
    for unique, exten in (("1", "+77172000001"), ("2", "77172000002"), ("3", "77172000002")):
        channels.hear(event("Newchannel", unique, f"PJSIP/trunk-0000000{unique}", exten=exten))
        channels.learn(unique, "a")
    channel = channels.find("a", called)
    assert (channel.unique if channel else None) == found


def test_of_calls_with_the_same_call_id_the_last_is_found_whatever_its_number() -> None:
    channels = Channels(())
    for unique in ("1", "2"):
        channels.hear(event("Newchannel", unique, f"PJSIP/trunk-0000000{unique}"))
        channels.learn(unique, "a")
    channels.hear(event("Hangup", "2"))
    assert channels.find("a", "77172000001").unique == "1"
    channels.hear(event("Hangup", "1"))
    assert channels._by_call == {}


def test_a_call_id_that_comes_after_the_end_is_not_kept() -> None:
    channels = Channels(())
    channels.hear(event("Newchannel", "1", "PJSIP/trunk-00000001"))
    channels.hear(event("Hangup", "1"))
    channels.learn("1", "a")
    assert channels.find("a", "") is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_CHANNELS", 3)
    channels = Channels(())
    for number in range(9):
        channels.hear(event("Newchannel", f"{number}", f"PJSIP/trunk-{number:08x}"))
        channels.learn(f"{number}", f"call-{number}")
    assert len(channels) == len(channels._by_call) == 3
    assert channels.find("call-5", "") is None
    assert channels.find("call-6", "")
