# SPDX-License-Identifier: Apache-2.0
"""The states of one circuit as a listener hears them (Q.764 section 2, annex B).

State names are those of call processing control in the exchange that seized the circuit; what that
exchange tells its caller of the waiting (in-band information, alerting) is told apart.
"""

from collections.abc import Mapping
from enum import StrEnum


class IsupState(StrEnum):
    """Where a call on a circuit stands."""

    WAIT_FOR_ACM = "wait-for-acm"
    WAIT_FOR_ANM = "wait-for-anm"
    PROGRESS = "wait-for-anm-in-band"
    ALERTING = "wait-for-anm-alerting"
    ANSWERED = "answered"
    SUSPENDED = "suspended"
    WAIT_FOR_RLC = "wait-for-rlc"
    IDLE = "idle"


class IsupSignal(StrEnum):
    """What was heard, as far as it moves a call."""

    IAM = "IAM"
    ACM = "ACM"
    FREE = "ACM subscriber free"
    CPG = "CPG"
    ALERTING = "CPG alerting"
    CON = "CON"
    ANM = "ANM"
    SUS = "SUS"
    RES = "RES"
    REL = "REL"
    RLC = "RLC"
    RESET = "RSC,GRS,CGB,UCIC or seized anew"
    SILENCE = "silence"


_S, _M = IsupState, IsupSignal

BEFORE_ANSWER = (_S.WAIT_FOR_ACM, _S.WAIT_FOR_ANM, _S.PROGRESS, _S.ALERTING)
UP = (*BEFORE_ANSWER, _S.ANSWERED, _S.SUSPENDED)

TABLE: Mapping[tuple[IsupState, IsupSignal], IsupState] = {
    (_S.IDLE, _M.IAM): _S.WAIT_FOR_ACM,
    (_S.WAIT_FOR_ACM, _M.ACM): _S.WAIT_FOR_ANM,
    (_S.WAIT_FOR_ACM, _M.FREE): _S.ALERTING,
    (_S.WAIT_FOR_ACM, _M.CPG): _S.PROGRESS,  # its ACM was not heard
    (_S.WAIT_FOR_ANM, _M.CPG): _S.PROGRESS,
    (_S.PROGRESS, _M.CPG): _S.PROGRESS,
    (_S.ALERTING, _M.CPG): _S.ALERTING,  # the call does not step back
    **{(state, _M.ALERTING): _S.ALERTING for state in BEFORE_ANSWER},
    **{(state, _M.CON): _S.ANSWERED for state in BEFORE_ANSWER},
    **{(state, _M.ANM): _S.ANSWERED for state in BEFORE_ANSWER},
    (_S.ANSWERED, _M.CPG): _S.ANSWERED,
    (_S.ANSWERED, _M.SUS): _S.SUSPENDED,
    (_S.ANSWERED, _M.RES): _S.ANSWERED,  # its SUS was not heard
    (_S.SUSPENDED, _M.SUS): _S.SUSPENDED,
    (_S.SUSPENDED, _M.RES): _S.ANSWERED,
    (_S.SUSPENDED, _M.CPG): _S.SUSPENDED,
    **{(state, _M.REL): _S.WAIT_FOR_RLC for state in UP},
    **{(state, _M.RLC): _S.IDLE for state in UP},  # its REL was not heard
    (_S.WAIT_FOR_RLC, _M.REL): _S.WAIT_FOR_RLC,  # both sides release, or T1 repeats (2.3.1)
    (_S.WAIT_FOR_RLC, _M.RLC): _S.IDLE,
    # What crosses the REL on its way.
    **{
        (_S.WAIT_FOR_RLC, late): _S.WAIT_FOR_RLC
        for late in _M
        if late not in {_M.IAM, _M.REL, _M.RLC, _M.RESET, _M.SILENCE}
    },
    # Reset, blocked for a hardware failure, or not equipped (2.9.3, 2.8.2, 2.12).
    **{(state, _M.RESET): _S.IDLE for state in _S if state is not _S.IDLE},
    **{(state, _M.SILENCE): _S.IDLE for state in _S if state is not _S.IDLE},
}
