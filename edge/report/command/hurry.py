# SPDX-License-Identifier: Apache-2.0
"""`block` and `unblock`: urgent records of lists, which carry their own signatures.

The same record may come by other ways too, before or after: whoever is second finds it in force.
"""

import base64
import binascii
from collections.abc import Callable, Mapping

from edge.blocklist.apply import Updates
from edge.blocklist.manifest import Record, Signed, read_record
from edge.blocklist.store import Store
from edge.errors import ListError, TrustError
from edge.report.command.act import Job, Outcome
from edge.report.command.signed import Denied, Vouched, Why
from edge.report.message import Urgent
from edge.trust.alarm import Alarm, Refused
from edge.trust.client import Client
from edge.trust.urgent import signed_by


class UrgentList:
    """A list that urgent records change."""

    def __init__(self, store: Store, updates: Updates, client: Client) -> None:
        """Know its files, how it changes, and whose word counts for it."""
        self._store = store
        self._updates = updates
        self._client = client

    def keys(self, signed: Signed) -> tuple[str, ...]:
        """Return the ids of the keys of the list's sides that have signed a record."""
        try:
            known = self._client.signers(self._store.name)
        except TrustError:  # nobody was named, or nothing came yet
            return ()
        each = (Signed(signed.record, (one,)) for one in signed.signatures)
        return tuple(sorted({one.signatures[0][0] for one in each if signed_by(one, known)}))

    def take(self, signed: Signed, now_s: int) -> bool:
        """Have a record in force; false if it was so before. Raises `Refused` or `ListError`."""
        try:
            self._updates.take_urgent(signed, now_s)
        except Refused as refused:
            if refused.alarm is Alarm.ROLLBACK and self._holds(signed, now_s):
                return False
            raise
        return True

    def _holds(self, signed: Signed, now_s: int) -> bool:
        now_s = self._updates.trusted_s(now_s)
        return read_record(signed.record) in self._store.urgent(now_s)


class Hurry:
    """`block` and `unblock`: an urgent record."""

    args = Urgent
    changes = True

    def __init__(
        self, lists: Mapping[str, UrgentList], hint: Callable[[], object], *, adds: bool
    ) -> None:
        """Take additions (`adds`) or liftings for `lists`, and have `core` look at once."""
        self._lists = lists
        self._hint = hint
        self._adds = adds

    def allowed(self, args: Urgent, vouched: Vouched) -> tuple[str, ...]:
        """Return whose record it is; the order itself need not be signed."""
        del vouched
        signed, _ = self._record(args)
        keys = self._list(args).keys(signed)
        if not keys:
            raise Denied(Why.WRONG_KEY, "the record is signed by nobody we trust")
        return keys

    def act(self, args: Urgent, job: Job) -> Outcome:
        """Take the record; the list's own rules decide."""
        signed, record = self._record(args)
        is_new = self._list(args).take(signed, job.now_s)
        self._hint()
        text = f"urgent record {record.seq} of {record.list} is in force"
        data = {"list": record.list, "urgent": record.seq}
        return Outcome(text if is_new else f"{text}, and was before", data)

    finish = act

    def _list(self, args: Urgent) -> UrgentList:
        try:
            return self._lists[args.list]
        except KeyError:
            raise Denied(Why.UNKNOWN_LIST, f"{args.list[:64]!r} is not followed here") from None

    def _record(self, args: Urgent) -> tuple[Signed, Record]:
        try:
            signed = Signed(base64.b64decode(args.record, validate=True), args.signatures)
            record = read_record(signed.record)
        except (binascii.Error, ValueError, ListError) as error:
            raise Denied(Why.BAD_ARGS, f"the record {error}") from error
        if bool(record.added) != self._adds or not (record.added or record.lifted):
            raise Denied(Why.BAD_ARGS, "block takes a record that adds, unblock one that lifts")
        return signed, record
