# SPDX-License-Identifier: Apache-2.0
"""Opens a connection for a box that has no certificate yet, to the listener for such boxes."""

import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.report.enrol.exchange import CLIENT_ID_PREFIX
from edge.report.hub.dial import dial
from edge.report.hub.session import CONNECT_WAIT_S, Hello, Mqtt
from edge.report.port import Connection

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
    hello = Hello(CLIENT_ID_PREFIX + node, None, KEEPALIVE_S, user=node, lasting=False)
    mqtt = Mqtt(hello, wire, Counter())
    try:
        await mqtt.open()
        yield mqtt
    finally:
        await mqtt.close()
