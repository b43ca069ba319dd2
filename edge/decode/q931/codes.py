# SPDX-License-Identifier: Apache-2.0
"""Names of Q.931 messages and information elements (tables 4-2 and 4-3)."""

PROTOCOL = 0x08
"Protocol discriminator of Q.931 (section 4.2)."
SEGMENT = 0x60

MESSAGES = {
    0x01: "ALERTING",
    0x02: "CALL PROCEEDING",
    0x03: "PROGRESS",
    0x05: "SETUP",
    0x07: "CONNECT",
    0x0D: "SETUP ACKNOWLEDGE",
    0x0F: "CONNECT ACKNOWLEDGE",
    0x20: "USER INFORMATION",
    0x21: "SUSPEND REJECT",
    0x22: "RESUME REJECT",
    0x24: "HOLD",
    0x25: "SUSPEND",
    0x26: "RESUME",
    0x28: "HOLD ACKNOWLEDGE",
    0x2D: "SUSPEND ACKNOWLEDGE",
    0x2E: "RESUME ACKNOWLEDGE",
    0x30: "HOLD REJECT",
    0x31: "RETRIEVE",
    0x33: "RETRIEVE ACKNOWLEDGE",
    0x37: "RETRIEVE REJECT",
    0x45: "DISCONNECT",
    0x46: "RESTART",
    0x4D: "RELEASE",
    0x4E: "RESTART ACKNOWLEDGE",
    0x5A: "RELEASE COMPLETE",
    SEGMENT: "SEGMENT",
    0x62: "FACILITY",
    0x64: "REGISTER",
    0x6E: "NOTIFY",
    0x75: "STATUS ENQUIRY",
    0x79: "CONGESTION CONTROL",
    0x7B: "INFORMATION",
    0x7D: "STATUS",
}

CAUSE, CHANNEL, SENDING_COMPLETE = 0x08, 0x18, 0xA1
CONNECTED, CALLING, CALLED, REDIRECTING, REDIRECTION = 0x4C, 0x6C, 0x70, 0x74, 0x76

ELEMENTS = {
    0x00: "segmented_message",
    0x04: "bearer_capability",
    CAUSE: "cause",
    0x10: "call_identity",
    0x14: "call_state",
    CHANNEL: "channel",
    0x1C: "facility",
    0x1E: "progress",
    0x20: "network_facilities",
    0x27: "notification",
    0x28: "display",
    0x29: "date_time",
    0x2C: "keypad",
    0x34: "signal",
    0x40: "information_rate",
    0x42: "transit_delay",
    CONNECTED: "connected_number",
    0x4D: "connected_subaddress",
    CALLING: "calling_number",
    0x6D: "calling_subaddress",
    CALLED: "called_number",
    0x71: "called_subaddress",
    REDIRECTING: "redirecting_number",
    REDIRECTION: "redirection_number",
    0x78: "transit_network",
    0x79: "restart_indicator",
    0x7C: "low_layer",
    0x7D: "high_layer",
    0x7E: "user_to_user",
    0xA0: "more_data",
    SENDING_COMPLETE: "sending_complete",
    0xB0: "congestion_level",
    0xD0: "repeat_indicator",
}
"Codeset 0, the only one that is Q.931's own."
