# SPDX-License-Identifier: Apache-2.0
"""The states of one SIP call attempt as a listener sees them (RFC 3261 sections 9, 13, 15, 17).

State names follow the INVITE client transaction (figure 5) until the answer, the dialog after it.
"""

from collections.abc import Mapping
from enum import StrEnum


class SipState(StrEnum):
    """Where a call attempt stands."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    EARLY = "early"
    ALERTING = "alerting"
    CHALLENGED = "challenged"
    CANCELLING = "cancelling"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    RELEASED = "released"


class SipSignal(StrEnum):
    """What was heard, as far as it moves a call."""

    INVITE = "INVITE"
    TRYING = "100"
    PROGRESS = "181-189"
    RINGING = "180"
    OK = "2xx"
    ACK = "ACK"
    CANCEL = "CANCEL"
    CHALLENGE = "401,407"
    REFUSE = "3xx-6xx"
    BYE = "BYE"
    SILENCE = "silence"


_S, _M = SipState, SipSignal

BEFORE_ANSWER = (_S.CALLING, _S.PROCEEDING, _S.EARLY, _S.ALERTING)

TABLE: Mapping[tuple[SipState, SipSignal], SipState] = {
    (_S.CALLING, _M.TRYING): _S.PROCEEDING,
    (_S.CALLING, _M.PROGRESS): _S.EARLY,
    (_S.PROCEEDING, _M.TRYING): _S.PROCEEDING,
    (_S.PROCEEDING, _M.PROGRESS): _S.EARLY,
    (_S.EARLY, _M.TRYING): _S.EARLY,  # a later hop's 100; the call does not step back
    (_S.EARLY, _M.PROGRESS): _S.EARLY,
    (_S.ALERTING, _M.TRYING): _S.ALERTING,
    (_S.ALERTING, _M.PROGRESS): _S.ALERTING,
    **{(state, _M.RINGING): _S.ALERTING for state in BEFORE_ANSWER},
    **{(state, _M.OK): _S.ANSWERED for state in BEFORE_ANSWER},
    **{(state, _M.CANCEL): _S.CANCELLING for state in BEFORE_ANSWER},
    **{(state, _M.CHALLENGE): _S.CHALLENGED for state in BEFORE_ANSWER},
    **{(state, _M.REFUSE): _S.RELEASED for state in BEFORE_ANSWER},
    **{(state, _M.BYE): _S.RELEASED for state in BEFORE_ANSWER},  # early dialog, section 15
    # A hop acknowledges the refusal of one fork or a further leg (section 17.1.1.3); others go on.
    **{(state, _M.ACK): state for state in (*BEFORE_ANSWER, _S.CANCELLING)},
    (_S.CHALLENGED, _M.ACK): _S.CHALLENGED,
    (_S.CHALLENGED, _M.CHALLENGE): _S.CHALLENGED,
    (_S.CHALLENGED, _M.INVITE): _S.CALLING,  # again with credentials, section 22.2
    (_S.CANCELLING, _M.CANCEL): _S.CANCELLING,
    (_S.CANCELLING, _M.TRYING): _S.CANCELLING,
    (_S.CANCELLING, _M.PROGRESS): _S.CANCELLING,
    (_S.CANCELLING, _M.RINGING): _S.CANCELLING,
    (_S.CANCELLING, _M.OK): _S.ANSWERED,  # the answer crossed the CANCEL, section 9.1
    (_S.CANCELLING, _M.REFUSE): _S.RELEASED,
    (_S.CANCELLING, _M.BYE): _S.RELEASED,
    (_S.ANSWERED, _M.OK): _S.ANSWERED,  # repeated until the ACK, section 13.3.1.4; or forked
    (_S.ANSWERED, _M.ACK): _S.CONFIRMED,
    (_S.ANSWERED, _M.CANCEL): _S.ANSWERED,  # too late, section 9.1
    (_S.ANSWERED, _M.BYE): _S.RELEASED,
    (_S.CONFIRMED, _M.OK): _S.CONFIRMED,
    (_S.CONFIRMED, _M.ACK): _S.CONFIRMED,
    (_S.CONFIRMED, _M.BYE): _S.RELEASED,
    **{(state, _M.SILENCE): _S.RELEASED for state in _S if state is not _S.RELEASED},
    # What comes late to a call that is over: repeats, and the ACK of a refusal.
    **{(_S.RELEASED, signal): _S.RELEASED for signal in _M if signal is not _M.INVITE},
}


def signal_of_status(status: str) -> SipSignal:
    """Return what a response to an INVITE means for the call."""
    if status in {"100", "180", "401", "407"}:
        return {"100": _M.TRYING, "180": _M.RINGING}.get(status, _M.CHALLENGE)
    return {"1": _M.PROGRESS, "2": _M.OK}.get(status[:1], _M.REFUSE)


class Signals(dict[str, SipSignal]):
    """Status code -> signal, worked out once a code; there are at most a thousand."""

    def __missing__(self, status: str) -> SipSignal:
        """Work out a status code heard for the first time."""
        signal = self[status] = signal_of_status(status)
        return signal


SIGNALS = Signals()
