# SPDX-License-Identifier: Apache-2.0
"""Opens a connection for a box that has no certificate yet, to the listener for such boxes."""

import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.report import topic
from edge.report.dial import dial
from edge.report.enrolling import CLIENT_ID_PREFIX
from edge.report.port import Connection, Outbound
from edge.report.session import CONNECT_WAIT_S, Hello, Mqtt

PORT = 8884
"Of the listener, where none is named."
KEEPALIVE_S = 30

Context = ssl.SSLContext | None
"None speaks in the clear."


def unproven() -> ssl.SSLContext:
    """Return TLS 1.3 with whoever answers: that it is the hub, the code proves to both ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def opened(endpoint: str, node: str, context: Context) -> AsyncIterator[Connection]:
    """Connect in the name of a box. Raises `DriverLost`."""
    wire = await dial(endpoint, context, KEEPALIVE_S * 1.5, CONNECT_WAIT_S)
    nothing = Outbound(topic.enrolment(node, "request"), b"")
    mqtt = Mqtt(Hello(CLIENT_ID_PREFIX + node, nothing, KEEPALIVE_S), wire, Counter())
    _as_stranger(mqtt, node)
    try:
        await mqtt.open()
        yield mqtt
    finally:
        await mqtt.close()


def _as_stranger(mqtt: Mqtt, node: str) -> None:
    """Give the name as user; leave no will and no session behind."""
    client = mqtt._client  # noqa: SLF001 - `Hello` does not speak of these yet
    client._client.username_pw_set(node)  # noqa: SLF001
    client._client.will_clear()  # noqa: SLF001
    if client._properties is not None:  # noqa: SLF001
        client._properties.SessionExpiryInterval = 0  # noqa: SLF001
