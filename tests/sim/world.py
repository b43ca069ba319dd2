# SPDX-License-Identifier: Apache-2.0
"""One seed, one story.

python -m tests.sim.world SEED        tells it line by line
python -m tests.sim.world FIRST LAST  tells of many only how they ended
"""

import sys
from collections import Counter

from tests.sim.country import UNCHANGED, Changed, Country, Failed, country
from tests.sim.loop import run
from tests.sim.trouble import befall, plan


def tell(seed: int, changed: Changed = UNCHANGED, *, verbose: bool = False) -> Counter[str]:
    """Tell the story of a seed; return what was counted. Raises `Failed`."""
    chosen = plan(seed)
    with country(seed, changed, workers=chosen.workers) as told:
        told.verbose = verbose
        for number in range(1, chosen.boxes + 1):
            told.add_box(f"box-{number}", chosen.traits)

        async def trouble(country: Country) -> None:
            await befall(country, chosen)

        run(told.live(trouble))
        return told.figures()


def main(arguments: list[str]) -> int:
    """Tell one story, or how many ended."""
    first, last = int(arguments[0]), int(arguments[-1])
    bad = 0
    for seed in range(first, last + 1):
        try:
            figures = tell(seed, verbose=first == last)
            sys.stdout.write(f"seed {seed}: {dict(figures)}\n")
        except Failed as failed:
            bad += 1
            sys.stdout.write(f"{failed}\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
