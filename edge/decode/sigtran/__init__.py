# SPDX-License-Identifier: Apache-2.0
"""SS7 and ISDN signalling over IP (SIGTRAN), as a mirror port hears it.

`sctp` finds the user messages (RFC 9260), `adaptation` what M3UA, M2UA, M2PA and IUA carry, and
`link` hands that to ISUP and Q.931.
"""
