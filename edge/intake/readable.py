# SPDX-License-Identifier: Apache-2.0
"""What taps of a device share: to wait until it has something."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


async def readable(descriptor: "FileDescriptorLike") -> None:
    """Return when a read has something to give: octets, an error, or the end.

    `descriptor` is a number, or has one (`fileno`). Nobody else waits for the same.
    """
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    loop.add_reader(descriptor, news.set)
    try:
        await news.wait()
    finally:
        loop.remove_reader(descriptor)
