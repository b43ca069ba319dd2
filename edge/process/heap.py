# SPDX-License-Identifier: Apache-2.0
"""Has large blocks of memory go back to the machine when they are freed.

The allocator of glibc maps a block from 128 KiB by itself; but once such a one was freed, it takes
those up to its size from the heap, up to 32 MiB, and what is free within the heap stays with us
(mallopt(3), `M_MMAP_THRESHOLD`). Set by hand the size stays as it is.
"""

import ctypes

M_MMAP_THRESHOLD = -3
"As in malloc.h."
OCTETS = 128 << 10


def map_large_blocks() -> bool:
    """Keep the size from which a block is mapped by itself; false where the C library has none."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(M_MMAP_THRESHOLD, OCTETS))
