# SPDX-License-Identifier: Apache-2.0
"""How an update stands, as it is kept on disk and told to the hub.

queued ─► downloading ─► downloaded ─► verified ─► waiting ─► installing ─► rebooting ─► probation
─► confirmed or rolled_back. `failed` comes from any before `rebooting`.
"""

import os
from contextlib import suppress
from enum import Enum
from pathlib import Path

import msgspec
from pydantic import ValidationError

from edge.blocklist.store import replace
from edge.errors import QalqanError
from edge.report.message import Campaign

FILE = "update.json"
WANTED = "wanted.json"
HEALTH = "health.json"
"Written by `qalqan health`: what it found of the slot that was started."
MOST_TEXT = 256


class State(Enum):
    """How far an update has got."""

    QUEUED = "queued"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    VERIFIED = "verified"
    WAITING = "waiting"
    INSTALLING = "installing"
    REBOOTING = "rebooting"
    PROBATION = "probation"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


OVER = frozenset({State.CONFIRMED, State.ROLLED_BACK, State.FAILED})
IN_SLOT = frozenset({State.INSTALLING, State.REBOOTING, State.PROBATION})
"The other slot is written: it comes to its end, whatever is wanted meanwhile."


class Why(Enum):
    """Why an update failed or waits, in a word; alarms of `edge.trust.alarm` stand beside them."""

    UNKNOWN = "unknown-version"
    PRODUCT = "wrong-product"
    OLDER = "older"
    STEP = "too-old"
    INSTALLED = "installed"
    VERSION = "bad-version"
    BLOCKS = "bad-blocks"
    BAD_BLOCK = "bad-block"
    TRUNCATED = "wrong-hash"
    EXPIRED = "expired"
    NO_SPACE = "no-space"
    PLAIN = "plain-bundle"
    SIGNATURE = "wrong-signature"
    BUNDLE = "bad-bundle"
    INSTALL = "not-installed"
    TRIES = "many-tries"
    DEADLINE = "deadline"
    EARLY = "not-before"
    CLOCK = "clock"
    WINDOW = "window"
    BUSY = "busy"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    NOT_STARTED = "did-not-start"
    GIVEN_BACK = "given-back"


class Failed(QalqanError):
    """An update is not made; the slot that runs was not touched."""

    def __init__(self, why: Why | str, text: str) -> None:
        """Name the reason, and say in a sentence what was seen."""
        super().__init__(text)
        self.why = why.value if isinstance(why, Why) else why


class Update(msgspec.Struct, frozen=True):
    """An update, as it stands in its file."""

    campaign: str
    version_from: str
    version: str
    state: State = State.QUEUED
    percent: int = 0
    why: str = ""
    text: str = ""
    slot_from: str = ""
    "That ran when the other one was written."
    slot: str = ""
    "That is written."
    boot: str = ""
    "Which start of the machine this was said in."
    tries: int = 0
    "How often the slot was begun to be written."
    at: int = 0
    "Nanoseconds since the epoch."


class Found(msgspec.Struct, frozen=True):
    """What health found of a slot."""

    slot: str
    boot: str
    verdict: str
    "`confirmed` or `given-back`."
    why: str = ""
    text: str = ""


class Folder:
    """The folder of an update, below `node.state_dir`."""

    def __init__(self, path: Path) -> None:
        """Use a folder; it is made if it is not there."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def update(self) -> Update | None:
        """Return the update that is under way, or was last; None for none, or a damaged file."""
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self.path / FILE).read_bytes(), type=Update)
        return None

    def keep(self, update: Update) -> None:
        """Have it on disk. Raises `OSError`."""
        replace(self.path / FILE, msgspec.json.encode(update) + b"\n")

    def wanted(self) -> Campaign | None:
        """Return the campaign that the hub wanted last."""
        with suppress(OSError, ValidationError):
            return Campaign.model_validate_json((self.path / WANTED).read_bytes())
        return None

    def want(self, campaign: Campaign | None) -> None:
        """Have it on disk. Raises `OSError`."""
        if campaign is None:
            (self.path / WANTED).unlink(missing_ok=True)
        else:
            replace(self.path / WANTED, campaign.model_dump_json().encode())

    def found(self) -> Found | None:
        """Return what health found last."""
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self.path / HEALTH).read_bytes(), type=Found)
        return None

    def forget_health(self) -> None:
        """Let go of what health found of an earlier update. Raises `OSError`."""
        (self.path / HEALTH).unlink(missing_ok=True)

    def free(self) -> int:
        """Return the octets that the disk has left for us."""
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize
