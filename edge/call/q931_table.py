# SPDX-License-Identifier: Apache-2.0
"""The states of one call reference as a listener hears them (Q.931 sections 2.1 and 5).

State names are those of the side that originates the call; where both sides have a name for the
same moment (connect request, disconnect indication), that of the sender is taken.
"""

from collections.abc import Mapping
from enum import StrEnum


class Q931State(StrEnum):
    """Where a call stands."""

    CALL_INITIATED = "call-initiated"
    OVERLAP_SENDING = "overlap-sending"
    CALL_PROCEEDING = "outgoing-call-proceeding"
    PROGRESS = "outgoing-call-proceeding-in-band"
    CALL_DELIVERED = "call-delivered"
    ACTIVE = "active"
    DISCONNECT_REQUEST = "disconnect-request"
    RELEASE_REQUEST = "release-request"
    NULL = "null"


class Q931Signal(StrEnum):
    """What was heard, as far as it moves a call."""

    SETUP = "SETUP"
    SETUP_ACKNOWLEDGE = "SETUP ACKNOWLEDGE"
    CALL_PROCEEDING = "CALL PROCEEDING"
    PROGRESS = "PROGRESS"
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    CONNECT_ACKNOWLEDGE = "CONNECT ACKNOWLEDGE"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    RELEASE_COMPLETE = "RELEASE COMPLETE"
    RESTART = "RESTART"
    SILENCE = "silence"


_S, _M = Q931State, Q931Signal

DIALLING = (_S.CALL_INITIATED, _S.OVERLAP_SENDING)
BEFORE_ANSWER = (*DIALLING, _S.CALL_PROCEEDING, _S.PROGRESS, _S.CALL_DELIVERED)
UP = (*BEFORE_ANSWER, _S.ACTIVE)
CLEARING = (_S.DISCONNECT_REQUEST, _S.RELEASE_REQUEST)

TABLE: Mapping[tuple[Q931State, Q931Signal], Q931State] = {
    (_S.NULL, _M.SETUP): _S.CALL_INITIATED,
    (_S.CALL_INITIATED, _M.SETUP_ACKNOWLEDGE): _S.OVERLAP_SENDING,
    **{(state, _M.CALL_PROCEEDING): _S.CALL_PROCEEDING for state in DIALLING},
    **{(state, _M.PROGRESS): _S.PROGRESS for state in (*DIALLING, _S.CALL_PROCEEDING, _S.PROGRESS)},
    (_S.CALL_DELIVERED, _M.PROGRESS): _S.CALL_DELIVERED,  # the call does not step back
    **{(state, _M.ALERTING): _S.CALL_DELIVERED for state in BEFORE_ANSWER},
    **{(state, _M.CONNECT): _S.ACTIVE for state in BEFORE_ANSWER},
    (_S.ACTIVE, _M.CONNECT_ACKNOWLEDGE): _S.ACTIVE,
    (_S.ACTIVE, _M.PROGRESS): _S.ACTIVE,
    **{(state, _M.DISCONNECT): _S.DISCONNECT_REQUEST for state in UP},
    **{(state, _M.RELEASE): _S.RELEASE_REQUEST for state in (*UP, *CLEARING)},
    (_S.DISCONNECT_REQUEST, _M.DISCONNECT): _S.DISCONNECT_REQUEST,  # clear collision, 5.3.5
    # What crosses the DISCONNECT on its way.
    **{
        (state, late): state
        for state in CLEARING
        for late in (_M.CALL_PROCEEDING, _M.PROGRESS, _M.ALERTING, _M.CONNECT)
    },
    (_S.RELEASE_REQUEST, _M.DISCONNECT): _S.RELEASE_REQUEST,
    **{(state, _M.RELEASE_COMPLETE): _S.NULL for state in (*UP, *CLEARING)},
    **{(state, _M.RESTART): _S.NULL for state in (*UP, *CLEARING)},  # section 5.5
    **{(state, _M.SILENCE): _S.NULL for state in (*UP, *CLEARING)},
}
