from collections.abc import Callable
from typing import Any, Generic, TypeVar

_ValueT = TypeVar("_ValueT")

class Lazy(Generic[_ValueT]):
    def __init__(self, work_out: Callable[[Any], _ValueT]) -> None: ...
    def __get__(self, thing: object, kind: type) -> _ValueT: ...
