# SPDX-License-Identifier: Apache-2.0
"""What SIPp's callers and phones do, as its scenarios (RFC 3261).

A caller that expects one end of his call fails with any other; one that does not (`anybody`) takes
what comes. Each caller's number is `[me]`, or the first field of a table of callers.
"""

from pathlib import Path

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n'
_SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_EMPTY = "Content-Length: 0\n"
_REQUEST = """<send{how}><![CDATA[

{method} {uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch{back}]
From: <sip:{me}@[local_ip]>;tag=[pid]c[call_number]
{to}
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:{me}@[local_ip]:[local_port]>
Max-Forwards: 70
{body}
]]></send>
"""
_REPLY = """<send{how}><![CDATA[

SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
Contact: <sip:[local_ip]:[local_port]>
{body}
]]></send>
"""
_TAG = ";tag=[pid]v[call_number]"
_THERE = "sip:{called}@[remote_ip]:[remote_port]"
REFUSALS = (403, 480, 486, 487, 503, 603, 608)
"What `anybody` may hear instead of an answer."


class Voice:
    """One caller's requests: who he is, and whom he calls."""

    def __init__(self, me: str = "[me]", called: str = "[service]") -> None:
        """Take SIPp's words for both numbers."""
        self.me = me
        self.there = _THERE.format(called=called)
        self.called = called

    def invite(self) -> str:
        """Return the call."""
        to = f"To: <sip:{self.called}@[remote_ip]>"
        return self._send("INVITE", self.there, to, body=_SDP, how=' retrans="500"')

    def ack(self, at: int = 0) -> str:
        """Return the acknowledgement of an answer, or of a refusal as message `at` (17.1.1.3)."""
        if at:  # the same transaction: the branch of the INVITE, which is message 0
            return self._send("ACK", self.there, "[last_To:]", back=f"-{at}")
        return self._send("ACK", "[next_url]", "[last_To:]", body=f"[routes]\n{_EMPTY}")

    def bye(self) -> str:
        """Return the end of a call, and what is said to it."""
        body = f"[routes]\n{_EMPTY}"
        how = ' retrans="500"'
        sent = self._send("BYE", "[next_url]", "[last_To:]", body=body, number="2", how=how)
        return f'{sent}<recv response="200"/>\n'

    def _send(self, method: str, uri: str, to: str, **more: str) -> str:
        rest = {"body": _EMPTY, "number": "1", "how": "", "back": "", **more}
        return _REQUEST.format(method=method, uri=uri, to=to, me=self.me, **rest)


_EARLY = '<recv response="183" optional="true"/>\n'
TRYING = '<recv response="100" optional="true"/>\n'


def refused(folder: Path, status: int, *, may_ring: bool = False) -> Path:
    """Return the scenario of a caller who hears this refusal, and before it no phone ring.

    With `may_ring` he may hear one.
    """
    one = Voice()
    ring = '<recv response="180" optional="true"/>\n' if may_ring else ""
    refusal_at = 3 if may_ring else 2
    body = f'{one.invite()}{TRYING}{ring}<recv response="{status}"/>\n{one.ack(refusal_at + 1)}'
    return _scenario(folder, f"refused{status}{'-late' if may_ring else ''}", body)


def talks(folder: Path, lasts_ms: int = 300, *, rings: bool = False) -> Path:
    """Return the scenario of a caller who is answered, talks and hangs up.

    With `rings` he must hear it ring before; else he may.
    """
    one = Voice()
    ring = '<recv response="180"/>' if rings else f'{_EARLY}<recv response="180" optional="true"/>'
    body = (
        f'{one.invite()}{TRYING}{ring}\n<recv response="200" rrs="true"/>\n'
        f'{one.ack()}<pause milliseconds="{lasts_ms}"/>\n{one.bye()}'
    )
    return _scenario(folder, f"talks{lasts_ms}", body)


def anybody(folder: Path, lasts_ms: int = 2000) -> Path:
    """Return the scenario of callers from a table: numbers, and whatever comes of their calls."""
    one = Voice("[field0]", "[field1]")
    may = "".join(f'<recv response="{status}" optional="true" next="no"/>\n' for status in REFUSALS)
    refused_at = 2 + len(REFUSALS) + 2 + 4  # messages before it: labels are none
    body = (
        f'{one.invite()}{TRYING}{may}<recv response="180" optional="true"/>\n'
        f'<recv response="200" rrs="true"/>\n{one.ack()}<pause milliseconds="{lasts_ms}"/>\n'
        f'{one.bye().replace("<recv ", _NEXT)}<label id="no"/>\n{one.ack(refused_at)}'
        '<label id="end"/>\n'
    )
    return _scenario(folder, "anybody", body)


_NEXT = '<recv next="end" '


UNHURRIED_MS = 15_000


def phone(
    folder: Path, ring_after_ms: int = 200, answer_after_ms: int = 300, unhurried: str = ""
) -> Path:
    """Return the scenario of a phone that rings a while after it is called, and is answered.

    Whoever has the number `unhurried` lets it ring for `UNHURRIED_MS`. It may be cancelled or hung
    up on at any time.
    """
    is_unhurried = (
        f'<action><ereg regexp="sip:{unhurried}@" search_in="hdr" header="To:" assign_to="1"/>'
        "</action>"
        if unhurried
        else ""
    )
    lets_ring = (
        f'<nop test="1" next="unhurried"/>\n<pause milliseconds="{answer_after_ms}"/>\n'
        f'<nop next="answer"/>\n<label id="unhurried"/>\n<pause milliseconds="{UNHURRIED_MS}"/>\n'
        '<label id="answer"/>\n'
        if unhurried
        else f'<pause milliseconds="{answer_after_ms}"/>\n'
    )
    heard = _REPLY.format(how="", status="100 Trying", tag=_TAG, body=_EMPTY)
    ring = _REPLY.format(how="", status="180 Ringing", tag=_TAG, body=_EMPTY)
    answer = _REPLY.format(how=' retrans="500"', status="200 OK", tag=_TAG, body=_SDP)
    gone = _REPLY.format(how="", status="200 OK", tag="", body=_EMPTY)
    body = (
        f'<recv request="INVITE" rrs="true">{is_unhurried}</recv>\n{heard}'
        f'<pause milliseconds="{ring_after_ms}"/>\n{ring}'
        f"{lets_ring}{answer}"
        f'<recv request="ACK"/>\n<recv request="BYE"/>\n{gone}'
    )
    return _scenario(folder, f"phone{ring_after_ms}", body)


def table(path: Path, callers: list[tuple[str, str]]) -> Path:
    """Write a table of who calls whom; SIPp takes its rows one after the other."""
    rows = "".join(f"{calling};{called}\n" for calling, called in callers)
    path.write_text(f"SEQUENTIAL\n{rows}")
    return path


def _scenario(folder: Path, name: str, body: str) -> Path:
    path = folder / f"{name}.xml"
    path.write_text(f"{_HEAD.format(name=name)}{body}</scenario>\n")
    return path
