# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the appliance's processes, of the hub and of the broker, under load, again and again.

    python -m tests.flows.kills [KILLS] [SEED]

At the end the hub's table must equal what was recorded: nothing lost, nothing twice. `make kills`
runs it 200 times; a shorter run is among the tests.
"""

import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edge.places import Places
from tests.flows.house import House, house, until

RATE = 300
PAUSE_S = (0.05, 0.6)


class Verdict(NamedTuple):
    """What came of a run."""

    kills: int
    recorded: int
    "Events that were said to be on disk."
    lost: int
    "Of these, not in the hub's table."
    changed: int
    "In the table under this number, but another event."
    twice: int
    "Names that stand in the table under two numbers."


def truth_of(path: Path) -> dict[tuple[str, int], str]:
    """Return what was recorded; a line that a kill tore is none."""
    found = {}
    for line in path.read_text().splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[1].isdigit() and "-" in words[2]:
            found[words[0], int(words[1])] = words[2]
    return found


def run(folder: Path, kills: int, seed: int) -> Verdict:
    """Record, kill, start anew; then let all of it arrive."""
    chance = random.Random(seed)
    with house(folder) as one:
        one.write_config()
        places = Places(one.state, one.state / "identity", one.state / "lists")
        truth = folder / "truth"
        truth.touch()
        recorder = one.part("recorder", "tests.flows.recorder", str(places.outbox("core")),
                            str(places.acked), str(truth), str(RATE))  # fmt: skip
        parts = [one.broker, one.hub, one.uplink, recorder]
        for part in parts:
            part.start()
        try:
            until(lambda: bool(one.kinds("alarm")), "an event at the hub")
            for _ in range(kills):
                victim = chance.choice(parts)
                victim.kill()
                victim.start()
                time.sleep(chance.uniform(*PAUSE_S))  # noqa: TID251 - let them work
            recorder.stop()
            recorded = truth_of(truth)
            until(lambda: arrived(one) >= recorded.keys(), "all that was recorded", 180)
        finally:
            recorder.kill()
        return judged(one, kills, truth_of(truth))


def arrived(one: House) -> set[tuple[str, int]]:
    return {(stream, seq) for stream, seq, _ in one.events()}


def judged(one: House, kills: int, recorded: dict[tuple[str, int], str]) -> Verdict:
    """Compare the hub's table with what was recorded."""
    table = {
        (stream, seq): event["name"]
        for stream, seq, event in one.events()
        if event["kind"] == "alarm" and "-" in event["name"] and not event["name"].startswith("hub")
    }
    names = list(table.values())
    return Verdict(
        kills,
        len(recorded),
        sum(1 for place in recorded if place not in table),
        sum(1 for place, name in recorded.items() if table.get(place, name) != name),
        len(names) - len(set(names)),
    )


def main() -> None:
    """Run, and say what came of it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()  # noqa: TID251 - a seed
    with TemporaryDirectory() as folder:
        verdict = run(Path(folder), kills, seed)
    print(f"seed {seed}: {verdict}")  # noqa: T201 - what it is run for
    sys.exit(bool(verdict.lost or verdict.changed or verdict.twice))


if __name__ == "__main__":
    main()
