# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3
"""`Lazy` in C: each INVITE has half a dozen properties worked out by it."""


cdef class Lazy:
    """Works a value out when it is first asked, and leaves it in the object in its own place."""

    cdef object work_out
    cdef str name

    def __init__(self, work_out):
        self.work_out = work_out
        self.name = work_out.__name__

    def __get__(self, thing, kind):
        value = self.work_out(thing)
        setattr(thing, self.name, value)
        return value
