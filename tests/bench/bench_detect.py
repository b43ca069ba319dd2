# SPDX-License-Identifier: Apache-2.0
"""What detection costs an INVITE: fingerprint, behaviour, the look for its campaign, its end.

The median of several rounds, in time of this process: the machine is shared.
"""

import gc
import random
import time
from statistics import median

from edge.detect.detector import Detector
from edge.detect.fingerprint import Fingerprints
from tests.detect.box import AT, NS, VECTORS, offer, over, recorded

CALLS, ROUNDS = 4000, 9
BUDGET_US, NOTHING_US = 20.0, 1.0
"Of the 25 that a verdict may take; what is counted behind it keeps nobody waiting."


def rows():
    """Return the rows of the table."""
    rng = random.Random(1)
    offers = [
        offer(
            number, AT + number * NS, calling=f"+447700900{rng.randrange(1000):03}",
            called=f"+771729{rng.randrange(100_000):05}", media=f"198.51.100.{number % 40}",
        )
        for number in range(CALLS)
    ]  # fmt: skip
    for one in offers:
        _ = one.message.headers  # type: ignore[attr-defined] # read by the offer of every call anyway
    real = recorded(VECTORS / "detect" / "asterisk.pcap")[0]
    _ = real.headers
    gc.collect()
    gc.disable()
    try:
        yield _row("detect: fingerprint of an INVITE", _printing([o.message for o in offers]))
        yield _row("detect: fingerprint, Asterisk's INVITE", _printing([real] * CALLS))
        yield _row("detect: before the verdict, no campaign known", _suspecting(offers), NOTHING_US)
        found = _campaign()
        yield _row("detect: before the verdict", _suspecting(offers, found), BUDGET_US)
        yield _row("detect: all of a call but its end", _offering(offers))
        yield _row("detect: end of a call", _ending(offers))
    finally:
        gc.enable()


def _printing(messages):
    prints = Fingerprints()
    return _timed(lambda: [prints.of(message) for message in messages], len(messages))


def _campaign():
    """Return a campaign that none of the calls belongs to."""
    detector = Detector()
    for number in range(100):
        one = offer(number, AT + number * NS, calling=f"+331990001{number:02}", media="203.0.113.9",
                    called=f"+7717290{number:04}")  # fmt: skip
        detector.offered(one)
        detector.released(over(one, 8, 3, "called"))
    (campaign,) = detector.campaigns
    return campaign


def _suspecting(offers, campaign=None):
    detector = Detector()
    if campaign:
        detector.campaigns.restore(campaign)
    return _timed(lambda: [detector.suspect(one) for one in offers], len(offers))


def _offering(offers):
    took = []
    for _ in range(ROUNDS):
        detector = Detector()  # the same calls again would be other calls
        took.append(_timed(lambda at=detector: [at.offered(one) for one in offers], len(offers), 1))
    return median(took)


def _ending(offers):
    rng = random.Random(2)
    ends = [over(one, 8, 10 + rng.expovariate(1 / 60), "called") for one in offers]
    took = []
    for _ in range(ROUNDS):
        detector = Detector()
        for one in offers:
            detector.offered(one)
        took.append(_timed(lambda at=detector: [at.released(end) for end in ends], len(ends), 1))
    return median(took)


def _timed(work, count, rounds=ROUNDS):
    took = []
    for _ in range(rounds):
        began = time.process_time_ns()
        work()
        took.append((time.process_time_ns() - began) / count / 1000)
    return median(took)


def _row(name, value, at_most=None):
    return {
        "name": name, "value": round(value, 2), "unit": "us",
        "target": f"<= {at_most:g}" if at_most else "", "peer": "", "peer_value": None,
        "ratio": None, "ok": not at_most or value <= at_most,
    }  # fmt: skip
