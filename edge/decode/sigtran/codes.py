# SPDX-License-Identifier: Apache-2.0
"""Names and numbers of the adaptation layers (RFC 4666, 3331, 4165, 4233)."""

PROTOCOLS = {1: "iua", 2: "m2ua", 3: "m3ua", 5: "m2pa"}
"By SCTP payload protocol identifier."
PORTS = {9900: "iua", 2904: "m2ua", 2905: "m3ua", 3565: "m2pa"}

SHARED = {
    (0, 0): "ERR", (0, 1): "NTFY",
    (3, 1): "ASPUP", (3, 2): "ASPDN", (3, 3): "BEAT",
    (3, 4): "ASPUP ACK", (3, 5): "ASPDN ACK", (3, 6): "BEAT ACK",
    (4, 1): "ASPAC", (4, 2): "ASPIA", (4, 3): "ASPAC ACK", (4, 4): "ASPIA ACK",
}  # fmt: skip
"Message class and type, the same in M3UA, M2UA and IUA."
OWN = {
    "m3ua": {
        (1, 1): "DATA",
        (2, 1): "DUNA", (2, 2): "DAVA", (2, 3): "DAUD", (2, 4): "SCON", (2, 5): "DUPU",
        (2, 6): "DRST",
        (9, 1): "REG REQ", (9, 2): "REG RSP", (9, 3): "DEREG REQ", (9, 4): "DEREG RSP",
    },
    "m2ua": {
        (6, 1): "DATA", (6, 2): "ESTABLISH REQUEST", (6, 3): "ESTABLISH CONFIRM",
        (6, 4): "RELEASE REQUEST", (6, 5): "RELEASE CONFIRM", (6, 6): "RELEASE INDICATION",
        (6, 7): "STATE REQUEST", (6, 8): "STATE CONFIRM", (6, 9): "STATE INDICATION",
        (6, 10): "RETRIEVAL REQUEST", (6, 11): "RETRIEVAL CONFIRM",
        (6, 12): "RETRIEVAL INDICATION", (6, 13): "RETRIEVAL COMPLETE",
        (6, 14): "CONGESTION INDICATION", (6, 15): "DATA ACKNOWLEDGE",
        (10, 1): "REG REQ", (10, 2): "REG RSP", (10, 3): "DEREG REQ", (10, 4): "DEREG RSP",
    },
    "m2pa": {(11, 1): "DATA", (11, 2): "LINK STATUS"},
    "iua": {
        (5, 1): "DATA REQUEST", (5, 2): "DATA INDICATION", (5, 3): "UNIT DATA REQUEST",
        (5, 4): "UNIT DATA INDICATION", (5, 5): "ESTABLISH REQUEST", (5, 6): "ESTABLISH CONFIRM",
        (5, 7): "ESTABLISH INDICATION", (5, 8): "RELEASE REQUEST", (5, 9): "RELEASE CONFIRM",
        (5, 10): "RELEASE INDICATION",
    },
}  # fmt: skip
LINK_STATUS = {
    1: "alignment", 2: "proving normal", 3: "proving emergency", 4: "ready", 5: "processor outage",
    6: "processor recovered", 7: "busy", 8: "busy ended", 9: "out of service",
}  # fmt: skip
