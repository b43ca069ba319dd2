# SPDX-License-Identifier: Apache-2.0
"""What tests of the list share: look-up files in memory, and lists like those to come."""

import importlib.util
import random
from array import array
from io import BytesIO
from itertools import accumulate

from edge.blocklist import kernel
from edge.blocklist.codec import Head, write_wire
from edge.blocklist.delta import difference
from edge.blocklist.entry import Entry, Listed, Shape
from edge.blocklist.kernel import PythonKernel
from edge.blocklist.sheet import Block, Counts, Sheet, digest_of, encode_group, from_entries
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.writer import write_image
from edge.model.verdict import Action

KERNELS: list[type[kernel.Finder]] = [PythonKernel]
BUILT = importlib.util.find_spec("edge.blocklist._kernel") is not None
if BUILT:
    KERNELS.append(kernel.Kernel)


def image(sheet):
    out = BytesIO()
    write_image(sheet, out)
    return out.getvalue()


def snapshot(entries, kernel_class=PythonKernel, name="fraud", version=1):
    return Snapshot(memoryview(image(from_entries(name, version, entries))), kernel_class)


def entry(text, party=Listed.CALLING, action=Action.BLOCK, **more):
    """Return the entry of `77172000001`, `4477009*` or `15550100..15550199`."""
    low, dots, high = text.partition("..")
    shape = Shape.RANGE if dots else Shape.PREFIX if low.endswith("*") else Shape.EXACT
    low = low.rstrip("*")
    more = {"category": "fraud", "basis": "order-1"} | more
    return Entry(shape, low, high or low, party, action, **more)


def columns(keys, groups, dictionary, name="fraud", version=1):
    block = Block(Shape.EXACT, array("Q", keys), array("Q"), array("I", groups))
    return Sheet(name, version, dictionary, [block])


def groups(count):
    """Return a dictionary of so many groups."""
    return sorted(encode_group([entry("1", basis=f"order-{number:06}")]) for number in range(count))


def likely_keys(count, seed=5):
    """Return about `count` keys as a list of fraud numbers is likely to hold them, ascending.

    Six of ten are Kazakh: mobile numbers taken at random out of twelve operator codes that are
    not assigned. Four of ten are foreign, of 30 countries: numbers rented in blocks of a thousand
    of which a fifth is listed.
    """
    rng = random.Random(seed)
    mobile = 10**11 + 7_0300000000
    keys = array("Q", _at_random(rng, mobile, 12 * 10**7, count * 6 // 10 / (12 * 10**7)))
    countries = [10**12 + rng.randrange(200, 999) * 10**9 for _ in range(30)]
    blocks = {rng.choice(countries) + rng.randrange(10**6) * 1000 for _ in range(-(-count // 500))}
    for block in sorted(blocks):
        keys.extend(_at_random(rng, block, 1000, 0.2))
    return keys


def _at_random(rng, first, space, share):
    """Yield a share of the numbers of a space, each as likely as any other."""
    at = int(rng.expovariate(share))
    while at < space:
        yield first + at
        at += 1 + int(rng.expovariate(share))


def likely_groups(count, of=40, seed=6):
    """Return group indexes as they fall in a list: few are common, and orders come in runs."""
    rng = random.Random(seed)
    weights = list(accumulate(1 / (rank + 1) for rank in range(of)))
    found = array("I")
    while len(found) < count:
        run = min(rng.randrange(1, 40), count - len(found))
        found.extend(rng.choices(range(of), cum_weights=weights) * run)
    return found


def opened(sheet):
    return Snapshot(memoryview(image(sheet)))


def written(head, dictionary, blocks):
    out = BytesIO()
    write_wire(out, head, dictionary, blocks)
    return out.getvalue()


def snapshot_of(sheet):
    blocks = list(sheet.blocks)
    counts = Counts(*(sum(len(b.keys) for b in blocks if b.shape is shape) for shape in Shape))
    digest = digest_of(sheet._replace(blocks=blocks))
    head = Head(sheet.name, 0, sheet.version, digest, *counts, len(sheet.dictionary))
    return written(head, sheet.dictionary, blocks)


def delta_of(old, new):
    change = difference(old.sheet(), new.sheet())
    numbers, prefixes, ranges = (len(block.keys) for block in change.blocks)
    head = Head(
        new.name, old.version, new.version, new.layout.digest,
        numbers, prefixes, ranges, len(change.dictionary),
    )  # fmt: skip
    return written(head, change.dictionary, change.blocks)
