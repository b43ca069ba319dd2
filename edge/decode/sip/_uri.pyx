# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False
"""A plain SIP URI, and the plain address around it, taken apart once in C.

Of a URI plain means `sip:user@host:port;parameters` in printable ASCII, without password, headers or an IPv6
address; user, port and parameters may be absent. `read_any_uri` reads any other; a test holds both to the
same results. An address is plain that names nobody: `<uri>` and whatever follows.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr, memcmp


def plain_uri(bytes octets):
    """Return the fields of a `Uri`; None if it is not plain."""
    cdef const char *text = PyBytes_AS_STRING(octets)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets)
    cdef Py_ssize_t i, at = -1, colon = -1, host = 4, end, rest, port = 0
    cdef unsigned char c
    if size < 5 or memcmp(text, b"sip:", 4) != 0:
        return None
    for i in range(4, size):
        c = text[i]
        if c <= 32 or c >= 127 or c == 62 or c == 63 or c == 91:  # > ? [
            return None
        if c == 64:  # @
            if at >= 0 or colon >= 0:
                return None
            at, host = i, i + 1
        elif c == 58 and colon < 0:  # the first colon
            colon = i
    end = host
    while end < size and text[end] != 58 and text[end] != 59:
        end += 1
    rest = end
    if end < size and text[end] == 58:
        rest += 1
        while rest < size and 48 <= text[rest] <= 57 and rest - end <= 5:
            port = port * 10 + text[rest] - 48
            rest += 1
        if rest == end + 1 or (rest < size and text[rest] != 59):
            return None
    return (
        "sip",
        text[4:at].decode("ascii") if at >= 0 else "",
        text[host:end].decode("ascii"),
        port,
        text[rest:size].decode("ascii"),
        text[:size].decode("ascii"),
    )


def plain_address(bytes value, Py_ssize_t longest, read, make):
    """Return `make("", read(uri), rest)` of a value `<uri>rest`; None if it is not plain."""
    cdef const char *text = PyBytes_AS_STRING(value)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value), end
    cdef const char *found
    if size < 2 or text[0] != 60:  # <
        return None
    found = <const char *>memchr(text, 62, size)  # >
    if found == NULL:
        return None
    end = found - text
    if end > longest or memchr(text + 1, 60, end - 1) != NULL:
        return None
    return make("", read(text[1:end]), text[end + 1:size])
