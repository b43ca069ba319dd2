# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False
"""The head of a plain SIP message, scanned once in C.

Plain means: CRLF line ends, nothing folded, a start line as RFC 3261 writes it. Anything else is
answered with None, and `framer` reads it the general way; a test holds both to the same results.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr, memcmp

from edge.decode.sip.uri import branch_of, tag_of


cdef inline unsigned char lower(unsigned char c) noexcept:
    return c | 0x20 if 65 <= c <= 90 else c


cdef int is_named(const char *name, Py_ssize_t size, const char *wanted, Py_ssize_t length) noexcept:
    cdef Py_ssize_t i
    if size != length:
        return 0
    for i in range(size):
        if lower(name[i]) != <unsigned char>wanted[i]:
            return 0
    return 1


cdef Py_ssize_t find(const char *text, Py_ssize_t size, const char *word, Py_ssize_t length) noexcept:
    """Return where `word` first stands in `text`, or -1."""
    cdef const char *at = text
    cdef const char *last = text + size - length
    while at <= last:
        at = <const char *>memchr(at, word[0], last - at + 1)
        if at == NULL:
            return -1
        if memcmp(at, word, length) == 0:
            return at - text
        at += 1
    return -1


cdef object start_line(const char *line, Py_ssize_t size):
    """Return the status code or method of a start line as the RFC writes it, else None."""
    cdef Py_ssize_t i = 0
    if memchr(line, 13, size) != NULL:
        return None
    if size >= 12 and memcmp(line, b"SIP/2.0 ", 8) == 0 and line[11] == 32:
        for i in range(8, 11):
            if not 48 <= line[i] <= 57:
                return None
        return line[8:11].decode("ascii")
    if size < 12 or memcmp(line + size - 8, b" SIP/2.0", 8) != 0:
        return None
    while i < size and 65 <= line[i] <= 90:
        i += 1
    if i == 0 or line[i] != 32 or line[i + 1] <= 32:
        return None
    return line[:i].decode("ascii")


def target(bytes head):
    """Return the Request-URI of a plain start line; None if it is not plain, or of a response."""
    cdef const char *text = PyBytes_AS_STRING(head)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(head), begin = 0, end, after
    while begin < size and 65 <= text[begin] <= 90:
        begin += 1
    if begin == 0 or begin == size or text[begin] != 32:
        return None
    begin += 1
    end = begin
    while end < size and 32 < <unsigned char>text[end] < 127:
        end += 1
    after = end + 10
    if end == begin or after > size or memcmp(text + end, b" SIP/2.0\r\n", 10) != 0:
        return None
    if after < size and (text[after] == 32 or text[after] == 9):  # goes on, folded
        return None
    if text[begin] == 60 or text[begin] == 62 or text[end - 1] == 60 or text[end - 1] == 62:  # < >
        return None
    return text[begin:end]


cdef object tag(const char *value, Py_ssize_t size):
    """Do what `tag_of` does."""
    cdef Py_ssize_t angle = -1, opened = 0, begin, end, i
    for i in range(size):
        if value[i] == 34:  # quote: the URI ends at the first `>` behind the last one
            angle = -1
        elif value[i] == 62 and angle < 0:
            angle = i
        elif value[i] == 60 and angle < 0:
            opened += 1
    begin = angle + 6
    if angle >= 0 and opened == 1 and angle == size - 1:  # nothing is said behind the URI
        return b""
    if angle < 0 or opened != 1 or begin > size:
        return tag_of(value[:size])
    if memcmp(value + angle + 1, b";tag=", 5) != 0:
        return tag_of(value[:size])
    end = begin
    while end < size and value[end] != 59:
        if value[end] <= 32:
            return tag_of(value[:size])
        end += 1
    return value[begin:end]


cdef object branch(const char *value, Py_ssize_t size):
    """Do what `branch_of` does."""
    cdef Py_ssize_t begin, end
    cdef const char *comma = <const char *>memchr(value, 44, size)
    cdef Py_ssize_t hop = size if comma == NULL else comma - value
    begin = find(value, hop, b";branch=", 8)
    if begin < 0:
        return branch_of(value[:size])
    begin += 8
    end = begin
    while end < hop and value[end] != 59 and value[end] != 32 and value[end] != 9:
        if value[end] < 32:
            return branch_of(value[:size])
        end += 1
    return value[begin:end]


def branches(list vias):
    """Return the branch of each value of Via; None where one holds several hops."""
    cdef list found = []
    cdef bytes via
    for via in vias:
        if memchr(PyBytes_AS_STRING(via), 44, PyBytes_GET_SIZE(via)) != NULL:
            return None
        found.append(branch(PyBytes_AS_STRING(via), PyBytes_GET_SIZE(via)))
    return tuple(found)


cdef object sequence(const char *value, Py_ssize_t size):
    """Return a CSeq value with single blanks."""
    cdef Py_ssize_t i, blanks = 0
    for i in range(size):
        if value[i] == 32:
            blanks += 1
        elif value[i] < 32:
            blanks = 9
    if blanks == 1:
        return value[:size]
    return b" ".join(value[:size].split())


cdef Py_ssize_t length_of(const char *value, Py_ssize_t size) noexcept:
    """Return a Content-Length; -2 if it is no number of at most nine digits."""
    cdef Py_ssize_t i, number = 0
    if size == 0 or size > 9:
        return -2
    for i in range(size):
        if not 48 <= value[i] <= 57:
            return -2
        number = number * 10 + value[i] - 48
    return number


def scan(bytes data, Py_ssize_t start):
    """Return the fields of a `Head`, as a bare tuple, which is made faster; None if not plain.

    Content-Length is -1 if absent and -2 if it is no number.
    """
    cdef const char *text = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t at = start, end, name, value, last, length = -1
    cdef const char *found = <const char *>memchr(text + at, 10, size - at)
    cdef object type_, call_id = b"", cseq = b"", from_tag = b"", to_tag = b"", via = b""
    cdef int seen = 0
    if found == NULL or found - text - at < 2 or (found - 1)[0] != 13:
        return None
    type_ = start_line(text + at, found - 1 - text - at)
    if type_ is None:
        return None
    while True:
        at = found - text + 1
        if at >= size:
            return None
        found = <const char *>memchr(text + at, 10, size - at)
        if found == NULL:
            return None
        end = found - text - 1
        if end < at:  # LF alone
            return None
        if text[end] != 13 or text[at] == 32 or text[at] == 9:
            return None
        if end == at:
            break
        if lower(text[at]) not in b"fticvl":
            continue
        name = at
        while name < end and text[name] != 58:
            name += 1
        if name == end:
            continue
        value = name + 1
        while name > at and (text[name - 1] == 32 or text[name - 1] == 9):
            name -= 1
        last = end
        while value < last and (text[value] == 32 or text[value] == 9):
            value += 1
        while last > value and (text[last - 1] == 32 or text[last - 1] == 9):
            last -= 1
        if value < last and (text[value] <= 32 or text[last - 1] <= 32):
            return None
        if is_named(text + at, name - at, b"via", 3) or is_named(text + at, name - at, b"v", 1):
            if not seen & 1:
                seen |= 1
                via = branch(text + value, last - value)
        elif is_named(text + at, name - at, b"from", 4) or is_named(text + at, name - at, b"f", 1):
            if not seen & 2:
                seen |= 2
                from_tag = tag(text + value, last - value)
        elif is_named(text + at, name - at, b"to", 2) or is_named(text + at, name - at, b"t", 1):
            if not seen & 4:
                seen |= 4
                to_tag = tag(text + value, last - value)
        elif is_named(text + at, name - at, b"call-id", 7) or is_named(text + at, name - at, b"i", 1):
            if not seen & 8:
                seen |= 8
                call_id = PyBytes_FromStringAndSize(text + value, last - value)
        elif is_named(text + at, name - at, b"cseq", 4):
            if not seen & 16:
                seen |= 16
                cseq = sequence(text + value, last - value)
        elif is_named(text + at, name - at, b"content-length", 14) or is_named(
            text + at, name - at, b"l", 1
        ):
            if not seen & 32:
                seen |= 32
                length = length_of(text + value, last - value)
    return type_, at - 2, at + 2, length, call_id, cseq, from_tag, to_tag, via


def headers(bytes head, names):
    """Do what `headers_of(lines_of(head))` does for a plain head; None for any other.

    `names` turns a name as spelled into the long one; it learns by `__missing__`.
    """
    cdef const char *text = PyBytes_AS_STRING(head)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(head)
    cdef Py_ssize_t at, end, colon, value, last
    cdef const char *found = <const char *>memchr(text, 10, size)
    cdef dict values = {}
    cdef object name, spelled
    while found != NULL:
        if found == text or (found - 1)[0] != 13:
            return None
        at = found - text + 1
        if at < size and (text[at] == 32 or text[at] == 9):
            return None
        found = <const char *>memchr(text + at, 10, size - at)
        end = size if found == NULL else found - text - 1
        colon = at
        while colon < end and text[colon] != 58:
            colon += 1
        if colon >= end:
            continue
        value, last = colon + 1, end
        while value < last and text[value] == 32:
            value += 1
        while last > value and text[last - 1] == 32:
            last -= 1
        if value < last and (text[value] <= 32 or text[last - 1] <= 32):
            return None
        spelled = text[at:colon]
        name = names.get(spelled)
        if name is None:
            name = names[spelled]
        if name in values:
            (<list>values[name]).append(text[value:last])
        else:
            values[name] = [text[value:last]]
    return values
