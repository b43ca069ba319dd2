# SPDX-License-Identifier: Apache-2.0
"""Which channel of FreeSWITCH carries which SIP call: by Call-ID, as its events tell."""

from collections import OrderedDict

import msgspec

from drivers.enforcers.freeswitch_esl.wire import Channel


class Calls:
    """The calls that are up; beyond `room` channels the oldest is forgotten, and counted."""

    def __init__(self, room: int) -> None:
        """Start with none."""
        self.forgotten = 0
        self._room = room
        self._channels: OrderedDict[str, Channel] = OrderedDict()
        self._of: dict[str, dict[str, None]] = {}
        "Channels by Call-ID, in the order they came."

    def __len__(self) -> int:
        """How many channels are known."""
        return len(self._channels)

    def hear(self, channel: Channel) -> None:
        """Take what was told of a channel."""
        before = self._channels.get(channel.uuid)
        if channel.over:
            self._drop(channel.uuid)
        elif before:
            if channel.answered:
                self._channels[channel.uuid] = msgspec.structs.replace(before, answered=True)
        elif channel.call_id:
            self._channels[channel.uuid] = channel
            self._of.setdefault(channel.call_id, {})[channel.uuid] = None
            if len(self) > self._room:
                self.forgotten += 1
                self._drop(next(iter(self._channels)))

    def find(self, call_id: str) -> list[Channel]:
        """Return the channels with a Call-ID; more than one if somebody used it twice."""
        return [self._channels[uuid] for uuid in self._of.get(call_id, ())]

    def _drop(self, uuid: str) -> None:
        if gone := self._channels.pop(uuid, None):
            same = self._of[gone.call_id]
            del same[uuid]
            if not same:
                del self._of[gone.call_id]
