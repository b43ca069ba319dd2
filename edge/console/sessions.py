# SPDX-License-Identifier: Apache-2.0
"""Who is signed in: in memory alone, so that a restart signs everybody out.

A browser holds a random token, this side its hash. Time is an argument.
"""

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

import msgspec

IDLE_S = 30 * 60
LONGEST_S = 12 * 3600
MOST = 500
"Open at once; beyond that the one that was longest idle ends."
TOKEN_OCTETS = 32


class Session(msgspec.Struct):
    """Somebody who is signed in."""

    name: str
    began_s: float
    seen_s: float

    def is_over(self, now_s: float) -> bool:
        """Whether it has ended by itself."""
        return now_s - self.seen_s >= IDLE_S or now_s - self.began_s >= LONGEST_S


class Sessions:
    """All of them. From any thread."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._open: dict[str, Session] = {}
        self._lock = Lock()
        self._key = secrets.token_bytes(TOKEN_OCTETS)

    def begin(self, name: str, now_s: float) -> str:
        """Sign somebody in; returns the token for their browser."""
        token = secrets.token_urlsafe(TOKEN_OCTETS)
        with self._lock:
            self._end(lambda one: one.is_over(now_s))
            while len(self._open) >= MOST:
                del self._open[min(self._open, key=lambda key: self._open[key].seen_s)]
            self._open[_hashed(token)] = Session(name, now_s, now_s)
        return token

    def of(self, token: str, now_s: float, *, touch: bool = True) -> Session | None:
        """Return whose token it is; `touch` says that they did something themselves."""
        with self._lock:
            found = self._open.get(_hashed(token))
            if found is None:
                return None
            if found.is_over(now_s):
                del self._open[_hashed(token)]
                return None
            if touch:
                found.seen_s = now_s
            return found

    def end(self, token: str) -> None:
        """Sign out."""
        with self._lock:
            self._open.pop(_hashed(token), None)

    def end_all_of(self, name: str) -> None:
        """Sign somebody out wherever they are signed in."""
        with self._lock:
            self._end(lambda one: one.name == name)

    def _end(self, is_meant: Callable[[Session], bool]) -> None:
        for key in [key for key, one in self._open.items() if is_meant(one)]:
            del self._open[key]

    def form_token(self, cookie: str) -> str:
        """Return what a form of ours carries back, for the browser with this cookie alone."""
        return hmac.new(self._key, cookie.encode(), sha256).hexdigest()

    def is_ours(self, cookie: str, form_token: str) -> bool:
        """Whether a form that came back is one of ours, given to this browser."""
        return bool(cookie) and hmac.compare_digest(
            self.form_token(cookie).encode(), form_token.encode()
        )


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
