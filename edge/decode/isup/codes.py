# SPDX-License-Identifier: Apache-2.0
"""Names of ISUP messages and parameters, and how each message begins (Q.763 tables 4, 5, 21 on)."""

import msgspec

CALLED, CALLING, REDIRECTING, ORIGINAL_CALLED = 0x04, 0x0A, 0x0B, 0x28
SUBSEQUENT, LOCATION, GENERIC_NUMBER, CAUSE = 0x05, 0x3F, 0xC0, 0x12
OPTIONAL_FORWARD, OPTIONAL_BACKWARD = 0x08, 0x29
END_OF_OPTIONAL = 0x00

PARAMETERS = {
    0x01: "call_reference",
    0x02: "transmission_medium",
    0x03: "access_transport",
    CALLED: "called_number",
    SUBSEQUENT: "subsequent_number",
    0x06: "nature_of_connection",
    0x07: "forward_call",
    OPTIONAL_FORWARD: "optional_forward_call",
    0x09: "calling_category",
    CALLING: "calling_number",
    REDIRECTING: "redirecting_number",
    0x0C: "redirection_number",
    0x0D: "connection_request",
    0x0E: "information_request",
    0x0F: "information",
    0x10: "continuity",
    0x11: "backward_call",
    CAUSE: "cause",
    0x13: "redirection",
    0x15: "group_supervision_type",
    0x16: "range_and_status",
    0x18: "facility",
    0x1A: "closed_user_group",
    0x1D: "user_service",
    0x1E: "signalling_point",
    0x20: "user_to_user",
    0x21: "connected_number",
    0x22: "suspend_resume",
    0x23: "transit_network",
    0x24: "event",
    0x25: "circuit_assignment_map",
    0x26: "circuit_state",
    0x27: "congestion_level",
    ORIGINAL_CALLED: "original_called_number",
    OPTIONAL_BACKWARD: "optional_backward_call",
    0x2A: "user_to_user_indicators",
    0x2B: "origination_isc",
    0x2C: "notification",
    0x2D: "call_history",
    0x2E: "access_delivery",
    0x2F: "network_specific_facility",
    0x30: "user_service_prime",
    0x31: "propagation_delay",
    0x32: "remote_operations",
    0x33: "service_activation",
    0x34: "user_teleservice",
    0x35: "transmission_medium_used",
    0x36: "call_diversion",
    0x37: "echo_control",
    0x38: "message_compatibility",
    0x39: "parameter_compatibility",
    0x3A: "mlpp_precedence",
    0x3B: "mcid_request",
    0x3C: "mcid_response",
    0x3D: "hop_counter",
    0x3E: "transmission_medium_prime",
    LOCATION: "location_number",
    0x40: "redirection_restriction",
    0x43: "call_transfer_reference",
    0x44: "loop_prevention",
    0x45: "call_transfer_number",
    0x4B: "ccss",
    0x4C: "forward_gvns",
    0x4D: "backward_gvns",
    0x4E: "redirect_capability",
    0x5B: "network_management",
    0x65: "correlation_id",
    0x66: "scf_id",
    0x6E: "call_diversion_treatment",
    0x6F: "called_in_number",
    0x70: "call_offering_treatment",
    0x71: "charged_party",
    0x72: "conference_treatment",
    0x73: "display",
    0x74: "uid_action",
    0x75: "uid_capability",
    0x77: "redirect_counter",
    0x78: "application_transport",
    0x79: "collect_call_request",
    0xC0: "generic_number",
    0xC1: "generic_digits",
}
"What is not here is national, or newer than Q.763 (1999); it is kept under its code."


class Layout(msgspec.Struct, frozen=True, gc=False):
    """How a message begins: fixed parameters, pointed ones, whether optional ones may follow."""

    name: str
    fixed: tuple[tuple[int, int], ...] = ()
    "Code and octets of each mandatory parameter of fixed length."
    pointed: tuple[int, ...] = ()
    "Codes of the mandatory parameters of variable length."
    optional: bool = True


def _bare(name: str) -> Layout:
    return Layout(name, optional=False)


def _group(name: str) -> Layout:
    return Layout(name, ((0x15, 1),), (0x16,), optional=False)


MESSAGES = {
    0x01: Layout("IAM", ((0x06, 1), (0x07, 2), (0x09, 1), (0x02, 1)), (CALLED,)),
    0x02: Layout("SAM", (), (SUBSEQUENT,)),
    0x03: Layout("INR", ((0x0E, 2),)),
    0x04: Layout("INF", ((0x0F, 2),)),
    0x05: Layout("COT", ((0x10, 1),), optional=False),
    0x06: Layout("ACM", ((0x11, 2),)),
    0x07: Layout("CON", ((0x11, 2),)),
    0x08: Layout("FOT"),
    0x09: Layout("ANM"),
    0x0C: Layout("REL", (), (CAUSE,)),
    0x0D: Layout("SUS", ((0x22, 1),)),
    0x0E: Layout("RES", ((0x22, 1),)),
    0x10: Layout("RLC"),
    0x11: _bare("CCR"),
    0x12: _bare("RSC"),
    0x13: _bare("BLO"),
    0x14: _bare("UBL"),
    0x15: _bare("BLA"),
    0x16: _bare("UBA"),
    0x17: Layout("GRS", (), (0x16,), optional=False),
    0x18: _group("CGB"),
    0x19: _group("CGU"),
    0x1A: _group("CGBA"),
    0x1B: _group("CGUA"),
    0x1F: Layout("FAR", ((0x18, 1),)),
    0x20: Layout("FAA", ((0x18, 1),)),
    0x21: Layout("FRJ", ((0x18, 1),), (CAUSE,)),
    0x24: _bare("LPA"),
    0x28: _bare("PAM"),
    0x29: Layout("GRA", (), (0x16,), optional=False),
    0x2A: Layout("CQM", (), (0x16,), optional=False),
    0x2B: Layout("CQR", (), (0x16, 0x26), optional=False),
    0x2C: Layout("CPG", ((0x24, 1),)),
    0x2D: Layout("USR", (), (0x20,)),
    0x2E: _bare("UCIC"),
    0x2F: Layout("CFN", (), (CAUSE,)),
    0x30: _bare("OLM"),
    0x31: _bare("CRG"),
    0x32: Layout("NRM"),
    0x33: Layout("FAC"),
    0x34: Layout("UPT"),
    0x35: Layout("UPA"),
    0x36: Layout("IDR"),
    0x37: Layout("IRS"),
    0x38: Layout("SGM"),
    0x40: Layout("LOP"),
    0x41: Layout("APM"),
    0x42: Layout("PRI"),
    0x43: Layout("SDN", (), (SUBSEQUENT,)),
    0xFC: _bare("CCL"),
    0xFF: Layout("RNG"),
}
"CCL (clear calling line) and RNG (ringing) are of ISUP-R; the content of PAM and CRG is national."
