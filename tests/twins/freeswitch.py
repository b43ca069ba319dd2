# SPDX-License-Identifier: Apache-2.0
"""A FreeSWITCH as its event socket shows it: a login, channels, what can be asked of them.

Written from its published documentation, over plain sockets.
"""

import asyncio
import json
import socket
from contextlib import suppress
from urllib.parse import quote

Variables = dict[str, str]


class FreeSwitch:
    """Serves one client from the running loop; bend its attributes to what a test needs."""

    def __init__(self, password: str, port: int = 0) -> None:
        self.commands: list[str] = []
        "All it was told, in order."
        self.channels: dict[str, Variables] = {}
        "Variables by channel; `direction` and `answered` among them."
        self.gone: dict[str, str] = {}
        "What became of channels: the cause, or where they were sent."
        self.mute = False
        "Hears all and answers nothing."
        self.greeting = b"Content-Type: auth/request\n\n"
        self._password = password
        self._wanted: set[str] = set()
        self._filter = ""
        self._held = b""
        self._client: socket.socket | None = None
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listening.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._listening, self._accept)

    def offer(self, uuid: str, call_id: str, direction: str = "inbound", **more: str) -> None:
        """Have a channel come up."""
        full_from = "<sip:+447700900123@192.0.2.1>;tag=caller1"
        variables = {"sip_call_id": call_id, "direction": direction, "sip_full_from": full_from}
        self.channels[uuid] = variables | more
        self.event("CHANNEL_CREATE", uuid)

    def answer(self, uuid: str) -> None:
        """Have the called party pick up."""
        self.channels[uuid]["answered"] = "yes"
        self.event("CHANNEL_ANSWER", uuid)

    def hang_up(self, uuid: str, cause: str = "NORMAL_CLEARING") -> None:
        """Have a channel end."""
        self.gone[uuid] = cause
        for name in ("CHANNEL_HANGUP", "CHANNEL_DESTROY"):
            self.event(name, uuid)
        del self.channels[uuid]

    def event(self, name: str, uuid: str) -> None:
        """Tell of a channel, if that is wanted."""
        variables = self.channels[uuid]
        if name not in self._wanted or self._filter not in {"", variables["direction"]}:
            return
        said = {
            "Event-Name": name,
            "Unique-ID": uuid,
            "Call-Direction": variables["direction"],
            "Answer-State": "answered" if variables.get("answered") else "ringing",
        } | {f"variable_{key}": value for key, value in variables.items()}
        text = "".join(f"{key}: {quote(value)}\n" for key, value in said.items())
        self.say("text/event-plain", text + "\n")

    def say(self, kind: str, body: str) -> None:
        """Send a message with a body."""
        octets = body.encode()
        self.send(
            b"Content-Length: %d\nContent-Type: %s\n\n" % (len(octets), kind.encode()) + octets
        )

    def send(self, octets: bytes) -> None:
        """Send anything."""
        assert self._client
        self._client.sendall(octets)

    def drop(self) -> None:
        """Close the connection."""
        if self._client:
            self._forget(self._client)
            self._client = None

    def close(self) -> None:
        """End; may be said twice."""
        self.drop()
        self._forget(self._listening)

    def _forget(self, one: socket.socket) -> None:
        if one.fileno() >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(one)
        one.close()

    def _accept(self) -> None:
        self._client, _ = self._listening.accept()
        self._loop.add_reader(self._client, self._read)
        self.send(self.greeting)

    def _read(self) -> None:
        assert self._client
        try:
            octets = self._client.recv(65_536)
        except ConnectionError:
            octets = b""
        if not octets:
            self.drop()
            return
        self._held += octets
        while b"\n\n" in self._held:
            command, self._held = self._held.split(b"\n\n", 1)
            self.commands.append(command.decode())
            if not self.mute:
                with suppress(OSError):  # the client may have hung up
                    self._obey(command.decode())

    def _obey(self, text: str) -> None:
        verb, _, rest = text.partition(" ")
        replies = {
            "auth": self._login,
            "filter": self._narrow,
            "event": self._subscribe,
            "bgapi": self._background,
        }
        if verb == "api":
            self.say("api/response", self._api(rest))
        else:
            self.send(
                f"Content-Type: command/reply\nReply-Text: {replies[verb](rest)}\n\n".encode()
            )

    def _login(self, password: str) -> str:
        return "+OK accepted" if password == self._password else "-ERR invalid"

    def _narrow(self, rest: str) -> str:
        name, _, self._filter = rest.partition(" ")
        return f"+OK filter added. [{name}]=[{self._filter}]"

    def _subscribe(self, rest: str) -> str:
        self._wanted = set(rest.split()[1:])
        return "+OK event listener enabled plain"

    def _background(self, rest: str) -> str:
        self._api(rest)
        return "+OK Job-UUID: 00000000-0000-0000-0000-000000000001"

    def _api(self, rest: str) -> str:
        name, _, arguments = rest.partition(" ")
        if name == "show":
            return self._list()
        if name == "status":
            return "UP 0 years, 0 days\nFreeSWITCH is ready\n"
        uuid, _, rest = arguments.partition(" ")
        if uuid not in self.channels:
            return "-ERR No such channel!\n"
        if name == "uuid_getvar":
            return self.channels[uuid].get(rest, "_undef_")
        if name == "uuid_setvar":
            key, _, value = rest.partition(" ")
            self.channels[uuid][key] = value
            return "+OK\n"
        return self._stop(name, uuid, rest)

    def _stop(self, name: str, uuid: str, rest: str) -> str:
        answered = bool(self.channels[uuid].get("answered"))
        if name == "uuid_transfer":
            before, _, target = rest.removesuffix(" inline").partition("m:^:redirect:")
            assert not before
            assert not answered
            rest = f"302 {target}"
        elif name == "uuid_deflect":
            assert answered
            rest = f"REFER {rest}"
        elif name != "uuid_kill":
            return f"-ERR {name} Command not found!\n"
        self.hang_up(uuid, rest)
        return "+OK\n"

    def _list(self) -> str:
        rows = [
            {
                "uuid": uuid,
                "direction": variables["direction"],
                "callstate": "ACTIVE" if variables.get("answered") else "RINGING",
            }
            for uuid, variables in self.channels.items()
        ]
        return json.dumps({"row_count": len(rows)} | ({"rows": rows} if rows else {}))
