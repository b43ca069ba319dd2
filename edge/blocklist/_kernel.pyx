# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
# cython: initializedcheck=False, cdivision=True, embedsignature=False
"""The compiled twin of `kernel.PythonKernel`: same interface, same answers, same tests.

`Kernel` reads the directories that `layout.read_head` has checked, and compares every position
with the bounds of its segment all the same.
"""

from array import array

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from edge.errors import ListError

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object)
    const uint8_t *PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)

cdef extern from *:
    """
    #define QALQAN_HOME(mixed, homes) ((((mixed) >> 19) * (uint64_t)(homes)) >> 32)
    #if defined(__GNUC__)
    #define QALQAN_PREFETCH(address) __builtin_prefetch(address)
    #else
    #define QALQAN_PREFETCH(address) ((void)(address))
    #endif
    """
    uint64_t QALQAN_HOME(uint64_t mixed, uint32_t homes) nogil
    void QALQAN_PREFETCH(const void *address) nogil

cdef enum:
    MOST_DIGITS = 15
    GROUP_BITS = 13
    LOW_GROUP = 8191
    HALF = 26
    RADIX = 2048
    PAGE = 4096

cdef uint64_t MASK = (<uint64_t>1 << 51) - 1
cdef uint64_t ODD_0 = 0x2F0E1EBA9EA35, ODD_1 = 0x56A0D05C5C2D3
cdef uint64_t BACK_0 = pow(ODD_0, -1, 1 << 51), BACK_1 = pow(ODD_1, -1, 1 << 51)

cdef packed struct Segment:
    uint64_t first
    uint64_t start
    uint32_t slots
    uint32_t homes

cdef packed struct Range:
    uint64_t low
    uint64_t high
    uint64_t reach
    uint32_t group
    uint32_t zero

cdef struct Table:
    const uint8_t *octets
    const Segment *segments
    size_t count
    bint wide

cdef struct Place:
    const uint64_t *words
    size_t slots
    uint64_t mixed
    size_t slot

cdef struct Pair:
    uint64_t word
    uint64_t tag


cdef inline uint64_t mix(uint64_t key) noexcept nogil:
    key ^= key >> HALF
    key = key * ODD_0 & MASK
    key ^= key >> HALF
    key = key * ODD_1 & MASK
    return key ^ (key >> HALF)


cdef inline uint64_t unmix(uint64_t mixed) noexcept nogil:
    mixed ^= mixed >> HALF
    mixed = mixed * BACK_1 & MASK
    mixed ^= mixed >> HALF
    mixed = mixed * BACK_0 & MASK
    return mixed ^ (mixed >> HALF)


cdef inline bint approach(const Table *table, uint64_t key, Place *place) noexcept nogil:
    """Find where the search for a key begins and call for its cache line; whether it can be."""
    cdef const Segment *segment = table.segments
    cdef size_t count = table.count, half
    if count == 0 or key < segment.first:
        return False
    while count > 1:
        half = count >> 1
        segment += half * (segment[half].first <= key)  # no branch to guess wrong
        count -= half
    place.words = <const uint64_t *>(table.octets + segment.start)
    place.slots = segment.slots
    place.mixed = mix(key)
    place.slot = QALQAN_HOME(place.mixed, segment.homes)
    QALQAN_PREFETCH(place.words + place.slot)
    return True


cdef inline int64_t arrive(const Table *table, const Place *place) noexcept nogil:
    """Return the group of the key that was approached, or -1."""
    cdef const uint64_t *words = place.words
    cdef uint64_t word = place.mixed << GROUP_BITS
    cdef size_t slot = place.slot
    while slot < place.slots and words[slot] < word:
        slot += 1
    if slot >= place.slots or words[slot] >> GROUP_BITS != place.mixed:
        return -1
    if table.wide:
        return words[slot] & LOW_GROUP | (
            <int64_t>(<const uint16_t *>(words + place.slots))[slot] << GROUP_BITS)
    return words[slot] & LOW_GROUP


cdef class Kernel:
    """Look-up in an open file. See `kernel.PythonKernel`."""

    cdef const uint8_t[::1] image
    cdef Table exact, prefixes
    cdef const Range *ranges
    cdef size_t range_count
    cdef uint32_t lengths
    cdef int64_t groups

    def __init__(self, image, layout):
        self.image = image
        self.exact = self.table(layout.exact_table, layout.exact_directory, layout.wide)
        self.prefixes = self.table(layout.prefix_table, layout.prefix_directory, layout.wide)
        self.lengths = layout.prefix_lengths & 0xFFFE
        self.ranges = <const Range *>self.at(layout.range_table)
        self.range_count = layout.range_table.size // sizeof(Range)
        self.groups = layout.groups

    cdef const uint8_t *at(self, section) except? NULL:
        if section.start + section.size > self.image.shape[0]:
            raise ListError("has a section outside of the file")
        return &self.image[0] + <size_t>section.start

    cdef Table table(self, table, directory, bint wide) except *:
        count = directory.size // sizeof(Segment)
        return Table(self.at(table), <const Segment *>self.at(directory), count, wide)

    cdef int64_t seek(self, const uint8_t *text, Py_ssize_t length) noexcept:
        """Return the group of the first candidate, be there such a group or not, or -1.

        Prefixes are looked through while the line of the exact number is on its way from memory.
        """
        cdef uint64_t key = 1
        cdef int at, size = length if length <= MOST_DIGITS else MOST_DIGITS
        cdef uint8_t digit
        cdef int64_t group, wider
        cdef Place place
        cdef bint whole = length <= MOST_DIGITS, listed
        for at in range(size):
            digit = text[at] - 48
            if digit > 9:
                return -1
            key = key * 10 + digit
        listed = whole and approach(&self.exact, key, &place)
        wider = self.prefix(key, size)
        if listed:
            group = arrive(&self.exact, &place)
            if group >= 0:
                return group
        return wider if wider >= 0 or not whole else self.covering(key)

    cdef int64_t prefix(self, uint64_t key, int size) noexcept:
        """Return the group of the longest prefix of so many digits, or -1."""
        cdef Place place
        cdef int64_t group
        while self.lengths & ((<uint32_t>2 << size) - 1):  # one so short exists
            if self.lengths >> size & 1 and approach(&self.prefixes, key, &place):
                group = arrive(&self.prefixes, &place)
                if group >= 0:
                    return group
            key //= 10
            size -= 1
        return -1

    cdef int64_t covering(self, uint64_t key) noexcept:
        """Return the group of the narrowest range that holds a key, or -1."""
        cdef size_t low = 0, high = self.range_count, middle
        cdef uint64_t width, least = <uint64_t>-1
        cdef int64_t group = -1
        while low < high:
            middle = (low + high) >> 1
            if self.ranges[middle].low <= key:
                low = middle + 1
            else:
                high = middle
        while low > 0 and self.ranges[low - 1].reach >= key:
            low -= 1
            width = self.ranges[low].high - self.ranges[low].low
            if self.ranges[low].high >= key and width < least:
                least = width
                group = self.ranges[low].group
        return group

    def find(self, str digits, /):
        cdef int64_t group
        if not PyUnicode_IS_COMPACT_ASCII(digits):
            return -1
        group = self.seek(PyUnicode_1BYTE_DATA(digits), PyUnicode_GET_LENGTH(digits))
        return group if group < self.groups else -1


cdef Pair *sort_pairs(Pair *pairs, Pair *spare, size_t count) noexcept nogil:
    """Return whichever of the two arrays holds the pairs sorted by word (least digit first)."""
    cdef size_t[RADIX] places
    cdef size_t at, total, here
    cdef uint64_t differing = 0
    cdef int shift
    for at in range(1, count):
        differing |= pairs[at].word ^ pairs[0].word
    for shift in range(0, 64, 11):  # RADIX_BITS; a step must be a literal
        if not (differing >> shift) & (RADIX - 1):
            continue
        memset(places, 0, sizeof(places))
        for at in range(count):
            places[pairs[at].word >> shift & (RADIX - 1)] += 1
        total = 0
        for at in range(RADIX):
            here = places[at]
            places[at] = total
            total += here
        for at in range(count):
            here = pairs[at].word >> shift & (RADIX - 1)
            spare[places[here]] = pairs[at]
            places[here] += 1
        pairs, spare = spare, pairs
    return pairs


cdef int take(const uint64_t[::1] keys, const uint32_t[::1] groups, uint64_t[::1] uses,
              bint wide, Pair *pairs) except -1:
    """Fill the pairs with mixed keys and groups; raise unless keys ascend and groups exist."""
    cdef size_t at
    cdef uint64_t key, before = 0, decade = 1
    cdef uint32_t limit = <uint32_t>uses.shape[0]
    for at in range(<size_t>keys.shape[0]):
        key = keys[at]
        while key >= decade * 10 and decade < 1000000000000000:
            decade *= 10
        if key <= before or key < decade or key >= 2 * decade or decade == 1:
            raise ListError("has keys that do not ascend or are no numbers")
        if groups[at] >= limit or (groups[at] > LOW_GROUP and not wide):
            raise ListError("names a group that it does not have")
        uses[groups[at]] += 1
        pairs[at].word = mix(key)
        pairs[at].tag = groups[at]
        before = key
    return 0


cdef uint64_t place(const Pair *pairs, size_t count, uint32_t homes,
                    uint64_t[::1] words, uint16_t[::1] highs) noexcept nogil:
    """Write sorted pairs to their slots, gaps closed by the pair after them; return the slots."""
    cdef size_t at, gap
    cdef uint64_t slot, free = 0
    for at in range(count):
        slot = QALQAN_HOME(pairs[at].word, homes)
        if slot < free:
            slot = free
        for gap in range(free, slot + 1):
            words[gap] = pairs[at].word << GROUP_BITS | (pairs[at].tag & LOW_GROUP)
            highs[gap] = <uint16_t>(pairs[at].tag >> GROUP_BITS)
        free = slot + 1
    return free


def pack(keys, groups, uses, *, bint wide, uint32_t homes):
    cdef Pair *room
    cdef size_t count = len(keys), slots, most = homes + count
    words = array("Q", bytes(8 * most))
    highs = array("H", bytes(2 * most))
    if len(groups) != count:
        raise ListError("has keys without groups")
    room = <Pair *>PyMem_Malloc(2 * count * sizeof(Pair) + 1)
    if room == NULL:
        raise MemoryError
    try:
        take(keys, groups, uses, wide, room)
        slots = place(sort_pairs(room, room + count, count), count, homes, words, highs)
    finally:
        PyMem_Free(room)
    octets = memoryview(words).cast("B")[:8 * slots].tobytes()
    if wide:
        octets += memoryview(highs).cast("B")[:2 * slots].tobytes()
        octets += bytes(-len(octets) & 7)
    return octets, slots


def unpack(octets, size_t slots, *, bint wide):
    cdef const uint8_t[::1] image = octets
    cdef const uint64_t *words
    cdef const uint16_t *highs
    cdef Pair *room, *pairs
    cdef size_t at, count = 0
    cdef uint64_t[::1] keys
    cdef uint32_t[::1] groups
    if slots == 0 or <size_t>image.shape[0] < slots * (10 if wide else 8):
        raise ListError("has a segment outside of its table")
    words = <const uint64_t *>&image[0]
    highs = <const uint16_t *>(words + slots)
    room = <Pair *>PyMem_Malloc(2 * slots * sizeof(Pair))
    if room == NULL:
        raise MemoryError
    try:
        for at in range(slots):
            if at and words[at] == words[at - 1]:
                continue
            room[count].word = unmix(words[at] >> GROUP_BITS)
            room[count].tag = words[at] & LOW_GROUP
            if wide:
                room[count].tag |= <uint64_t>highs[at] << GROUP_BITS
            count += 1
        pairs = sort_pairs(room, room + slots, count)
        found = array("Q", bytes(8 * count)), array("I", bytes(4 * count))
        keys, groups = found
        for at in range(count):
            keys[at] = pairs[at].word
            groups[at] = <uint32_t>pairs[at].tag
    finally:
        PyMem_Free(room)
    return found


def touch(image):
    """Read an octet of every page, so that no look-up has to wait for one; others run meanwhile."""
    cdef const uint8_t[::1] octets = image
    cdef size_t at = 0, size = octets.shape[0]
    cdef uint8_t seen = 0
    with nogil:
        while at < size:
            seen ^= octets[at]
            at += PAGE
    return seen
