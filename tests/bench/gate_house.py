# SPDX-License-Identifier: Apache-2.0
"""A gate in a process of its own, behind it the lists and rules of the house.

python -m tests.bench.gate_house FOLDER TRANSPORT: prints its port, answers until it is ended. Every
second number of +44 7700 900000 to 900999 is listed.
"""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path
from time import process_time

from drivers.gates.sip_redirect.driver import Config, open_gate
from edge import config as config_file
from edge.enforce.answer import Answers
from edge.judging import build
from edge.model.answer import GO_ON, Answer
from edge.pipeline import Decided
from edge.ports import Decide
from edge.process.garbage import held_back

TABLES = """
[node]
name = "bench"

[trunk.west]
class = "international"
mode = "enforce"

[breaker]
window_s = 1
most = 100_000
share = 0.95

[blocklist]
files = ["fraud.csv"]
"""
LISTED = range(447700900000, 447700901000, 2)


def house(folder: Path) -> Decide:
    """Return what decides, as the map builds it; only evidence is not kept."""
    lines = [f"+{number},calling,block,fraud,bench" for number in LISTED]
    text = "\n".join(("# version: 1", "pattern,party,action,category,basis", *lines, ""))
    (folder / "fraud.csv").write_text(text, encoding="utf-8")
    config = config_file.parse(TABLES, folder / "edge.toml")
    asked, answers = build(config, lambda _alarm: None).asked, Answers(config.answer.terms())

    def take(decided: Decided) -> Answer:
        if not decided.verdict.acts:
            return GO_ON
        return answers.answer(decided.offer, decided.verdict, "18eb7197ef7725da-1")

    return partial(asked.decide, take=take)


async def serve(folder: Path, transport: str) -> None:
    """Answer until SIGTERM."""
    settings = {"port": 0, "transport": transport, "peers": ["127.0.0.1"], "next_hop": "192.0.2.9"}
    gate = await open_gate("gate", Config.model_validate(settings))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    decide = house(folder)
    with held_back():  # as the house does
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(gate.serve(decide))
            print(gate.port, flush=True)
            await ended.wait()
            serving.cancel()
    await gate.close()
    print(dict(gate.counts), f"{process_time():.1f} s of a core", gate.error, flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
