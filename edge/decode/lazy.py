# SPDX-License-Identifier: Apache-2.0
"""A property that is worked out once.

`functools.cached_property` takes a lock until Python 3.12,
which for the few properties of every INVITE costs more than the work itself.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")


class InPython(Generic[ValueT]):
    """Works a value out when it is first asked, and leaves it in the object in its own place."""

    def __init__(self, work_out: Callable[[Any], ValueT]) -> None:
        """Wrap a method; used as a decorator."""
        self._work_out = work_out
        self._name = work_out.__name__

    def __get__(self, thing: object, _kind: type) -> ValueT:
        """Answer the first time; from then on the object's own attribute does."""
        value = self._work_out(thing)
        setattr(thing, self._name, value)  # not by `__dict__`: to ask for it is to have it made
        return value


try:
    from edge.decode._lazy import Lazy
except ImportError:  # built without a C compiler
    Lazy = InPython  # type: ignore[assignment,misc] # its twin

__all__ = ["InPython", "Lazy"]
