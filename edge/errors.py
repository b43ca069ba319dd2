# SPDX-License-Identifier: Apache-2.0
"""Errors, sorted by who must act.

    QalqanError
    ├── InputError       the user: a file cannot be read as what it was given for
    ├── ConfigError      the user: file, line, key, and the nearest right word
    │   └── UnknownDriver
    ├── ListError        the user: file, line, reason; nothing was loaded
    ├── DriverLost       the supervisor: a device or peer went away, try again
    ├── EnforceError     nobody: the call goes through, and it is counted
    ├── RestartAsked     whoever started the process: start it anew
    └── TrustError       security: somebody tried something; nothing was changed

A decoder raises none of these: what cannot be decoded is a `Malformed`.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class QalqanError(Exception):
    """Root of all errors that a person or the supervisor can act upon."""


class InputError(QalqanError):
    """A capture or other input cannot be read as what it was given for."""


class ConfigError(QalqanError):
    """The configuration is wrong; says file, line, key and the nearest right word."""


class UnknownDriver(ConfigError):
    """The configuration names a driver that is not installed."""


class ListError(QalqanError):
    """A list is wrong; says file, line and reason. Nothing of it was loaded."""


class DriverLost(QalqanError):
    """A device, interface or peer went away. The supervisor opens it again."""


class EnforceError(QalqanError):
    """A switch did not do as told. The call goes through."""


class RestartAsked(QalqanError):
    """The process is to end in good order and to be started anew, with the files of now."""


class TrustError(QalqanError):
    """Signed metadata failed a check. Nothing was changed."""


@contextmanager
def mendable() -> Iterator[None]:
    """Raise what a person can mend out of the groups that task groups wrap it in.

    A bug keeps its group and its traceback.
    """
    try:
        yield
    except BaseExceptionGroup as several:
        found = several.subgroup(QalqanError)
        while found and isinstance(error := found.exceptions[0], BaseExceptionGroup):
            found = error
        raise (found.exceptions[0] if found else several) from None
