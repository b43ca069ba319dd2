# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False
"""What every INVITE asks of detection, in C: shapes of identifiers, order of headers, counting.

Each function does what the one of its name does in `edge.detect.shape`, `sketch` or `fast`;
a test holds both to the same results.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport ldexp, round
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memcmp, memcpy

from edge.detect.shape import starts as any_starts

DEF MOST = 4096
DEF LONGEST = 256
DEF EXACT = 24
DEF REGISTERS = 1024
DEF DEVICE = 0
DEF PEER = 4
DEF FEW = 8
DEF NEAR = 8
DEF LAST = 8


cdef inline int is_hex(unsigned char c) noexcept:
    return 48 <= c <= 57 or 97 <= c <= 102 or 65 <= c <= 70


cdef inline int is_word(unsigned char c) noexcept:
    """Whether a letter is beyond `f`, or no ASCII."""
    return 103 <= c <= 122 or 71 <= c <= 90 or c > 127


cdef inline int is_space(unsigned char c) noexcept:
    return c == 32 or 9 <= c <= 13


cdef str word_of(Py_ssize_t length):
    if length <= 6:
        return "w1"
    if length <= 12:
        return "w2"
    return "w3" if length <= 24 else "w4"


cdef int is_uuid(const unsigned char *text, Py_ssize_t size) noexcept:
    cdef Py_ssize_t i
    if size != 36:
        return 0
    for i in range(36):
        if i == 8 or i == 13 or i == 18 or i == 23:
            if text[i] != 45:
                return 0
        elif not is_hex(text[i]):
            return 0
    return 1


cdef str shape(const unsigned char *text, Py_ssize_t size):
    cdef Py_ssize_t i, run = 0, out = 0
    cdef char made[LONGEST + 4]
    for i in range(size):
        if is_word(text[i]):
            return word_of(size)
    if size == 0:
        return "0"
    if is_uuid(text, size):
        return "u"
    if size > LONGEST:
        size = LONGEST
    i = 0
    while i < size:
        if not is_hex(text[i]):
            made[out] = 33 if text[i] == 124 or text[i] == 59 else text[i]
            out += 1
            i += 1
            continue
        run = i
        while i < size and is_hex(text[i]):
            i += 1
        run = i - run
        if run <= 12:
            made[out] = 110
        elif run <= 31:
            made[out] = 78
        else:
            made[out] = 88
            if run == 32 or run == 40 or run == 64:
                made[out + 1] = 48 + run // 10
                made[out + 2] = 48 + run % 10
                out += 2
        out += 1
    return made[:out].decode("latin-1")


def shape_of(bytes token):
    """Do what `shape.shape_of` does."""
    return shape(<const unsigned char *>PyBytes_AS_STRING(token), PyBytes_GET_SIZE(token))


cdef int is_address(const unsigned char *host, Py_ssize_t size) noexcept:
    cdef Py_ssize_t i, colons = 0, others = 0
    if size > 1 and host[0] == 91:
        others = 1
        host, size = host + 1, size - 1
    if size > 1 and host[size - 1] == 93:
        others = 1
        size -= 1
    if size == 0:
        return 0
    for i in range(size):
        if host[i] == 58:
            colons += 1
        elif not 48 <= host[i] <= 57 and host[i] != 46:
            if not is_hex(host[i]):
                return 0
            others = 1
    return colons > 0 or not others


def call_id_shape(bytes call_id):
    """Do what `shape.call_id_shape` does."""
    cdef const unsigned char *text = <const unsigned char *>PyBytes_AS_STRING(call_id)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(call_id), at = size - 1
    while at >= 0 and text[at] != 64:
        at -= 1
    if at < 0:
        return shape(text, size)
    if is_address(text + at + 1, size - at - 1):
        return shape(text, at) + "@i"
    if memchr(text + at + 1, 46, size - at - 1) != NULL:
        return shape(text, at) + "@h"
    return shape(text, at) + "@w"


def branch_shape(bytes branch):
    """Do what `shape.branch_shape` does."""
    cdef const unsigned char *text = <const unsigned char *>PyBytes_AS_STRING(branch)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(branch)
    if size < 7 or memcmp(text, b"z9hG4bK", 7) != 0:
        return "!" + shape(text, size)
    if size >= 9 and text[7] == 80 and text[8] == 106:
        return "Pj" + shape(text + 9, size - 9)
    return shape(text + 7, size - 7)


def starts(bytes head, Py_ssize_t start):
    """Do what `shape.starts` does."""
    cdef const char *text = PyBytes_AS_STRING(head)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(head), at = start if start > 0 else 0
    cdef Py_ssize_t begin, end, out = 0
    cdef const char *found
    cdef char made[MOST]
    if size > MOST:
        return any_starts(head, start)
    while at < size:
        found = <const char *>memchr(text + at, 10, size - at)
        if found == NULL:
            break
        begin = end = found - text + 1
        while end < size and text[end] != 58 and not is_space(text[end]):
            end += 1
        at = begin
        if end == begin:
            continue
        while end < size and (text[end] == 32 or text[end] == 9):
            end += 1
        if end >= size or text[end] != 58:
            continue
        end += 1
        while end < size and (text[end] == 32 or text[end] == 9):
            end += 1
        memcpy(made + out, text + begin, end - begin)
        out += end - begin
        at = end
    return PyBytes_FromStringAndSize(made, out)


def tail_of(bytes value, bytes cut):
    """Do what `shape.tail_of` does."""
    cdef const char *text = PyBytes_AS_STRING(value)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value), at = size - 1
    while at >= 0 and text[at] != 64:
        at -= 1
    if at > 0 and memchr(text, 59, at) != NULL:
        at = 0
    cdef bytes tail = value if at <= 0 else PyBytes_FromStringAndSize(text + at, size - at)
    return tail.replace(cut, b"") if cut else tail


cdef int rank_of(uint64_t hashed) noexcept:
    cdef int rank = 55
    hashed >>= 10
    while hashed:
        hashed >>= 1
        rank -= 1
    return rank


def placed(number, secret):
    """Do what `sketch.placed` does."""
    cdef uint64_t mixed = (number ^ secret) & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ (mixed >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    mixed = (mixed ^ (mixed >> 27)) * <uint64_t>0x94D049BB133111EB
    mixed = mixed ^ (mixed >> 31)
    return mixed, <int>(mixed & (REGISTERS - 1)), rank_of(mixed)


cdef class Distinct:
    """Is what `sketch.Distinct` is."""

    cdef uint64_t few[EXACT]
    cdef int known
    cdef unsigned char *registers
    cdef double total
    cdef double count

    def __dealloc__(self):
        free(self.registers)

    def __len__(self):
        return self.known if self.registers == NULL else <Py_ssize_t>round(self.count)

    def add(self, number):
        cdef uint64_t hashed = number
        self.put(hashed, <int>(hashed & (REGISTERS - 1)), rank_of(hashed))

    def note(self, number, int at, int rank):
        self.put(number, at, rank)

    cdef int put(self, uint64_t hashed, int at, int rank) except -1:
        cdef int i
        if self.registers != NULL:
            if self.registers[at] < rank:
                self.lift(at, rank)
            return 0
        for i in range(self.known):
            if self.few[i] == hashed:
                return 0
        if self.known < EXACT:
            self.few[self.known] = hashed
            self.known += 1
            return 0
        self.registers = <unsigned char *>calloc(REGISTERS, 1)
        if self.registers == NULL:
            raise MemoryError
        self.total = REGISTERS
        for i in range(EXACT):
            self.seat(self.few[i])
        self.seat(hashed)
        self.count = EXACT + 1
        return 0

    cdef void seat(self, uint64_t hashed) noexcept:
        cdef int at = <int>(hashed & (REGISTERS - 1)), rank = rank_of(hashed)
        if self.registers[at] < rank:
            self.lift(at, rank)

    cdef void lift(self, int at, int rank) noexcept:
        self.count += REGISTERS / self.total
        self.total += ldexp(1.0, -rank) - ldexp(1.0, -<int>self.registers[at])
        self.registers[at] = <unsigned char>rank


def count_in(tuple found, seen):
    """Do what `fast.count_in` does."""
    at, called, country, is_national, shape, address, callee, caller = seen
    cdef int hour = <int>(<int64_t>at // 3600000000000 % 24), kind
    cdef uint64_t callee_hash = callee[0], caller_hash = 0
    cdef int callee_at = callee[1], callee_rank = callee[2], caller_at = 0, caller_rank = 0
    cdef tuple some
    if caller is not None:
        caller_hash, caller_at, caller_rank = caller[0], caller[1], caller[2]
    for stats in found:
        kind = stats.kind
        stats.attempts += 1
        stats.live += 1
        stats.last = at
        stats.hours[hour] += 1
        some = stats.behind
        one = address if kind == DEVICE else shape
        if one not in some and len(some) < FEW:
            stats.behind = (*some, one)
        if kind == PEER:
            continue
        (<Distinct?>stats.callees).put(callee_hash, callee_at, callee_rank)
        if caller is None:
            stats.withheld += 1
        else:
            (<Distinct?>stats.callers).put(caller_hash, caller_at, caller_rank)
            some = stats.countries
            if country not in some and len(some) < FEW:
                stats.countries = (*some, country)
        if is_national:
            stats.national += 1
        if called:
            step(stats, called)


cdef int step(stats, called) except -1:
    cdef list recent = stats.recent
    cdef int64_t block = <int64_t>called // NEAR, other
    cdef int near = 0
    for one in recent:
        other = one
        if -1 <= block - other <= 1:
            near = 1
            break
    if near and called != stats.last_called:
        stats.stepped += 1
    stats.last_called = called
    recent.append(block)
    if len(recent) > LAST:
        del recent[0]
    return 0
