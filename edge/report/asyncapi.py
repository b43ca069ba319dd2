# SPDX-License-Identifier: Apache-2.0
"""The contract with the hub as AsyncAPI 3, made from the models and the tree of topics.

`python -m edge.report.asyncapi` writes `asyncapi.yaml` anew (with PyYAML, a tool of the desk); a
test compares. Nothing of the appliance imports this file.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge import __version__
from edge.report import kinds, message as m, topic
from edge.report.enrol import page, renewal
from edge.report.event import CLASSES

FILE = Path(__file__).with_name("asyncapi.yaml")
NODE = "{node}"
_REF = "#/components/schemas/{model}"
_DAY_S = 86_400


class Channel(NamedTuple):
    """A topic, and what is said on it."""

    name: str
    address: str
    model: type[BaseModel] | None
    "None for octets of another format."
    summary: str
    qos: int = 1
    retain: bool = False
    expiry_s: int = 0
    "How long a broker may keep it for who is away; 0: no end."

    @property
    def is_up(self) -> bool:
        """Whether an appliance says it."""
        return "/up/" in self.address or self.address.endswith("/request")


def _up(name: str, model: type[BaseModel], summary: str, **how: Any) -> Channel:  # noqa: ANN401
    return Channel(name, topic.up(NODE, name), model, summary, **how)


def _down(name: str, model: type[BaseModel], summary: str, **how: Any) -> Channel:  # noqa: ANN401
    return Channel(name, topic.down(NODE, name), model, summary, **how)


CHANNELS: Sequence[Channel] = (
    _up(topic.STATE, m.State, "Birth, farewell and will.", retain=True),
    *(
        Channel(f"events-{cls.value}", topic.events(NODE, cls), m.Batch,
                f"Batches of events of class {cls.value}.")
        for cls in CLASSES
    ),
    _up(topic.LIVE, m.Live, "Heartbeat, for consoles only.", qos=0, expiry_s=60),
    _up(topic.ASK, m.Ask, "What an appliance wants to be told anew, on every connection."),
    _up(topic.RESULT, m.Result, "What became of a command."),
    _up(topic.GET, m.Get, "Blocks of a file that are still missing.", expiry_s=60),
    _up(topic.RENEW, renewal.Renew, "A certificate is to be renewed."),
    _up(topic.PAGE, page.PageAsk, "The page that people see is to have a certificate."),
    _up(topic.ROAM, m.RoamAsk, "Is a mobile number that calls from abroad there?", qos=0,
        expiry_s=1),
    _down(topic.ACK, m.Ack, "Events that are in the hub's database, committed.", retain=True),
    _down(topic.COMMAND, m.Command, "Something the appliance is to do.", expiry_s=7 * _DAY_S),
    _down(topic.DESIRED, m.Desired, "The configuration that is wanted.", retain=True),
    _down(topic.CAMPAIGN, m.Wanted, "The firmware that is wanted.", retain=True),
    _down(topic.BLOCK, m.BlockHead, "A block of a file: this, a newline, the octets.", expiry_s=60),
    Channel("bulk", topic.bulk(NODE), m.BlockHead,
            "A block of a large file, on a second connection: as `blk`.", qos=0),
    _down(topic.HUB, m.Hub, "Whether the hub takes events; the answer to `ask`."),
    _down(topic.URGENT, m.Urgent, "An urgent record of a list, in answer to `ask`."),
    _down(topic.RENEWED, renewal.Renewed, "The renewed certificate."),
    Channel("page-answer", topic.down(NODE, topic.PAGE), page.PageGiven,
            "The certificate of the page, and whoever signed it."),
    Channel("roam-answer", topic.down(NODE, topic.ROAM), m.RoamAnswer,
            "Whether it is, as its operator says.", qos=0),
    Channel("all-hub", topic.down(topic.ALL, topic.HUB), m.Hub,
            "Whether the hub takes events; its will says that it does not.", retain=True),
    Channel("all-urgent", topic.down(topic.ALL, topic.URGENT), m.Urgent,
            "An urgent record of a list, for every appliance."),
    Channel("all-tuf", topic.down(topic.ALL, f"{topic.TUF}/{{file}}"), None,
            "Signed metadata as it lies in the repository (TUF 1.0).", retain=True),
    Channel("enrol-request", topic.enrolment(NODE, "request"), m.Enrol,
            "A box without a certificate asks for one."),
    Channel("enrol-answer", topic.enrolment(NODE, "answer"), m.Enrolled,
            "The certificate, for a box whose code somebody typed in."),
)  # fmt: skip


def document() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Qalqan Edge and its hub",
            "version": __version__,
            "description": (
                "MQTT 5 over TLS 1.3, a certificate on both sides. An appliance may write below"
                f" `{topic.ROOT}/up/<node>/` and read below `{topic.ROOT}/dn/<node>/` and"
                f" `{topic.ROOT}/dn/{topic.ALL}/` and `{topic.ROOT}/bulk/<node>/`, where `<node>`"
                " is the name in its certificate."
                " Nothing rests on retained messages: whoever connects asks. A batch is JSON or"
                " JSON compressed by zlib, as its first octet tells. " + _paragraph(m.__doc__)
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "hub": {
                "host": "hub.example:8883", "protocol": "secure-mqtt", "protocolVersion": "5",
                "security": [{"$ref": "#/components/securitySchemes/certificate"}],
                "bindings": {"mqtt": {
                    "clientId": NODE, "cleanSession": False, "keepAlive": 30,
                    "lastWill": {"topic": topic.up(NODE, topic.STATE), "qos": 1, "retain": True},
                    "bindingVersion": "0.2.0",
                }},
            }
        },
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {channel.name: _operation(channel) for channel in CHANNELS},
        "components": {
            "securitySchemes": {"certificate": {"type": "X509"}},
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
            "schemas": _schemas(),
        },
    }  # fmt: skip


def _paragraph(text: str | None) -> str:
    """Return what a docstring says after its first line, as one paragraph."""
    return " ".join((text or "").partition("\n")[2].split())


def _channel(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "address": channel.address,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
    }
    meanings = {"node": "Name of the appliance.", "file": "Name of the metadata file."}
    named = {name: text for name, text in meanings.items() if f"{{{name}}}" in channel.address}
    if named:
        found["parameters"] = {name: {"description": text} for name, text in named.items()}
    return found


def _operation(channel: Channel) -> dict[str, Any]:
    """Return an operation as the appliance sees it."""
    mqtt: dict[str, Any] = {"qos": channel.qos, "retain": channel.retain}
    if channel.expiry_s:
        mqtt["messageExpiryInterval"] = channel.expiry_s
    return {
        "action": "send" if channel.is_up else "receive",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": {**mqtt, "bindingVersion": "0.2.0"}},
    }


def _message(channel: Channel) -> dict[str, Any]:
    if channel.model is None:
        return {"summary": channel.summary, "payload": {"type": "string", "format": "binary"}}
    return {
        "summary": channel.summary,
        "payload": {"$ref": _REF.format(model=channel.model.__name__)},
    }


def _schemas() -> dict[str, Any]:
    models = {channel.model for channel in CHANNELS if channel.model} | {m.Order}
    events = get_args(get_args(kinds.AnyEvent)[0])
    wanted = sorted({*models, *events}, key=lambda model: model.__name__)
    _, schema = models_json_schema([(model, "validation") for model in wanted], ref_template=_REF)
    defs: dict[str, Any] = schema["$defs"]
    return dict(sorted(defs.items()))


def text(found: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    import yaml  # noqa: PLC0415 - a tool of the desk, not of the appliance

    head = "# Made by `python -m edge.report.asyncapi`; a test compares. Do not edit.\n"
    body: str = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)
    return head + body


if __name__ == "__main__":
    FILE.write_text(text(document()), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {len(CHANNELS)} channels\n")
