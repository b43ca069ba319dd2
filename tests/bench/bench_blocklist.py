# SPDX-License-Identifier: Apache-2.0
"""The blocklist beside its peers, in one run: `rows(size)` returns the table of DESIGN section 12.

Times are of the whole call from Python, the cost of reading the clock twice taken off. Peers get
their keys packed beforehand and hold the numbers alone; ours gets digits, and has the prefixes too.
"""

import gc
import gzip
import mmap
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from io import BytesIO
from pathlib import Path
from statistics import median

import lmdb

from edge.blocklist.codec import Head, read_wire, write_wire
from edge.blocklist.delta import changed, read_change
from edge.blocklist.entry import Shape
from edge.blocklist.layout import digits_of, key_of
from edge.blocklist.sheet import Block, Sheet
from edge.blocklist.snapshot import Snapshot
from edge.blocklist.store import Store
from edge.blocklist.writer import write_image
from tests.blocklist.images import groups, likely_groups, likely_keys

SIZES = (1_000_000, 10_000_000)
ASKED = 200_000
SWAPS = 5
GROUPS = 40
PREFIXES = 10_000


def rows(size):
    """Return the rows for a list of about `size` numbers."""
    with tempfile.TemporaryDirectory() as folder:
        return _Bench(size, Path(folder)).rows()


def _row(name, value, unit, *, at_most=None, at_least=None, peer="", peer_value=None):
    ratio = peer_value / value if peer_value else None
    target = f"<= {at_most}" if at_most else f">= {at_least}x" if at_least else ""
    ok = (not at_most or value <= at_most) and (not at_least or ratio >= at_least)
    return {
        "name": name, "value": _rounded(value), "unit": unit, "target": target,
        "peer": peer, "peer_value": _rounded(peer_value), "ratio": _rounded(ratio), "ok": ok,
    }  # fmt: skip


def _rounded(value):
    return value if value is None else round(value, 2)


class _Bench:
    def __init__(self, size, folder):
        self.size = size
        self.called = f"{size // 10**6} M"
        self.folder = folder
        self.path = folder / "list"
        self.keys = likely_keys(size)
        self.dictionary = groups(GROUPS)
        self.groups = likely_groups(len(self.keys), of=GROUPS)
        rng = random.Random(7)
        self.prefixes = sorted({key_of(str(rng.randrange(10**4, 10**8))) for _ in range(PREFIXES)})
        self.layout = self.write(self.path, self.keys, self.groups)
        self.snapshot = _open(self.path)
        hits = [digits_of(self.keys[rng.randrange(len(self.keys))]) for _ in range(ASKED // 2)]
        hits += [digits_of(rng.choice(self.prefixes)) + "00" for _ in range(ASKED // 100)]
        asked = hits + self.innocent(rng, ASKED - len(hits))
        rng.shuffle(asked)
        self.asked = [str(int(digits)) for digits in asked]  # made in turn, as calls make them

    def innocent(self, rng, count):
        """Return unlisted numbers from among the listed ones, where those who call live too."""
        found: list[str] = []
        while len(found) < count:
            at = rng.randrange(len(self.keys) - 1)
            key = self.keys[at] + rng.randrange(1, 1000)
            if not self.keys[at] < key < self.keys[at + 1]:
                continue
            found.append(digits_of(key))
        return found

    def sheet(self, keys, which, version=1):
        none = array("Q")
        blocks = [
            Block(Shape.EXACT, keys, none, which),
            Block(Shape.PREFIX, array("Q", self.prefixes), none,
                  array("I", [0] * len(self.prefixes))),
        ]  # fmt: skip
        return Sheet("fraud", version, self.dictionary, blocks)

    def write(self, path, keys, which, version=1):
        with path.open("wb") as out:
            return write_image(self.sheet(keys, which, version), out)

    def rows(self):
        return [
            *self.look_up(),
            *self.file(),
            *self.swap(),
            *self.wire(),
        ]

    def look_up(self):
        ours = _ticks(self.snapshot._seek, self.asked)
        packed = [key_of(digits).to_bytes(8, "big") for digits in self.asked]
        numbers = [(key_of(digits),) for digits in self.asked]
        taken = _per_call(self.snapshot._seek, self.asked)
        found = [
            _row(f"look-up, {self.called}, half hits: p50", median(ours), "ns", at_most=300),
            _row(f"look-up, {self.called}, half hits: p99", _p99(ours), "ns", at_most=1000),
        ]
        for peer, call, asked, least in (
            ("LMDB get", self.lmdb(), packed, 4),
            ("SQLite", self.sqlite(), numbers, 30),
            ("set of int", set(self.keys).__contains__, [key for (key,) in numbers], None),
        ):
            other = _per_call(call, asked)
            found.append(
                _row(f"look-up, {self.called}: mean", taken, "ns", at_least=least,
                     peer=peer, peer_value=other)
            )  # fmt: skip
        return found

    def lmdb(self):
        env = lmdb.open(str(self.folder / "lmdb"), map_size=4 << 30, sync=False, writemap=True)
        with env.begin(write=True) as writing:
            pairs = (
                (key.to_bytes(8, "big"), group.to_bytes(4, "little"))
                for key, group in zip(self.keys, self.groups, strict=True)
            )
            writing.cursor().putmulti(pairs, append=True)
        return env.begin(buffers=True).get

    def sqlite(self):
        base = sqlite3.connect(self.folder / "sqlite")
        base.execute("PRAGMA synchronous=OFF")
        base.execute("PRAGMA mmap_size=4294967296")
        base.execute("CREATE TABLE numbers (key INTEGER PRIMARY KEY, said INTEGER)")
        pairs = zip(self.keys, self.groups, strict=True)
        base.executemany("INSERT INTO numbers VALUES (?, ?)", pairs)
        base.commit()
        ask = base.cursor()
        return lambda key: ask.execute("SELECT said FROM numbers WHERE key=?", key).fetchone()

    def file(self):
        opening = []
        for _ in range(20):
            before = time.perf_counter()
            _open(self.path)
            opening.append((time.perf_counter() - before) * 1e3)
        share = self.path.stat().st_size / len(self.keys)
        other = (self.folder / "lmdb/data.mdb").stat().st_blocks * 512 / len(self.keys)
        grown = _in_a_process("opened", self.path, self.folder / "asked", self.asked)
        return [
            _row(f"look-up file, {self.called}", share, "B/number", at_most=13,
                 peer="LMDB", peer_value=other),
            _row(f"opening, {self.called}", median(opening), "ms", at_most=5),
            _row(f"private memory, {self.called}", grown / 1e6, "MB", at_most=5),
        ]  # fmt: skip

    def swap(self):
        """A swap that stalls does so every time, what else runs here does not: median of five."""
        quiet, swapped = (median(self.worst(swaps) for _ in range(SWAPS)) / 1e6 for swaps in (0, 1))
        name = f"worst look-up while swapped, {self.called}"
        return [_row(name, swapped, "ms", at_most=1, peer="no swap", peer_value=quiet)]

    def worst(self, swaps):
        """Return the worst look-up in ns while a second thread swaps the list so often."""
        held = [_open(self.path)]
        done = threading.Event()

        def load():
            for _ in range(swaps):
                new = _open(self.path)
                new.warm()
                held[0], new = new, held[0]
                del new
            done.set()

        gc.disable()
        loader = threading.Thread(target=load)
        ticks = []

        def ask(digits):
            return held[0]._seek(digits)

        loader.start()
        rounds = 0
        while not done.is_set() or rounds < 3:
            ticks.append(max(_ticks(ask, self.asked[:50_000])))
            rounds += 1
        loader.join()
        gc.enable()
        return max(ticks)

    def wire(self):
        stream = self.folder / "wire"
        with stream.open("wb") as out:
            head = Head("fraud", 0, 1, self.layout.digest, len(self.keys), len(self.prefixes), 0,
                        GROUPS)  # fmt: skip
            write_wire(out, head, self.dictionary, self.sheet(self.keys, self.groups).blocks)
        sample = "".join(f"{digits_of(key)}\n" for key in self.keys[:: max(1, self.size // 10**6)])
        text = len(gzip.compress(sample.encode(), 6)) / sample.count("\n")
        share = stream.stat().st_size / len(self.keys)
        before = time.perf_counter()
        memory = _in_a_process("applied", stream, self.folder / "new")
        whole = time.perf_counter() - before
        return [
            _row(f"snapshot on the wire, {self.called}", share, "B/number", at_most=2.5,
                 peer="gzip of text", peer_value=text),
            _row(f"snapshot of {self.called} applied, process and all", whole, "s"),
            _row(f"memory to apply {self.called}", memory / 1e6, "MB", at_most=150),
            *self.delta(1000, size_at_most=3500),
            *self.delta(10_000, time_at_most=3),
        ]  # fmt: skip

    def delta(self, count, size_at_most=None, time_at_most=None):
        """A day's change: most are new numbers like the others, one of ten is lifted."""
        rng = random.Random(count)
        said = dict.fromkeys(likely_keys(count * 9 // 10, seed=count), 3)
        lifted = {self.keys[rng.randrange(len(self.keys))] for _ in range(count // 10)}
        said |= dict.fromkeys(lifted, 0)
        keys = array("Q", sorted(said))
        which = array("I", map(said.__getitem__, keys))
        head = Head("fraud", 1, 2, bytes(32), len(keys), 0, 0, GROUPS)
        out = BytesIO()
        write_wire(out, head, self.dictionary, [Block(Shape.EXACT, keys, array("Q"), which)])
        octets = out.getvalue()
        before = time.perf_counter()
        reading = read_wire(BytesIO(octets))
        store = Store(self.folder / "box", "fraud")
        store.write(changed(self.snapshot, read_change(reading), reading.head))
        store.draft().verify()
        store.commit(2)
        taken = time.perf_counter() - before
        return [
            _row(f"delta of {len(keys)}, {self.called}", len(octets), "B", at_most=size_at_most),
            _row(f"delta of {len(keys)} applied, {self.called}", taken, "s", at_most=time_at_most),
        ]


def _open(path):
    with path.open("rb") as file:
        return Snapshot(memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)))


def _batches(asked):
    """Yield what is asked in parts whose keys are in the cache, as a number just decoded is."""
    for start in range(0, len(asked), 1000):
        batch = asked[start : start + 1000]
        str(batch)
        yield batch


def _ticks(call, asked):
    """Return the ns of each call, the clock's own taken off."""
    read = time.perf_counter_ns
    ticks, empty = array("q"), array("q")
    for _ in range(1000):
        before = read()
        empty.append(read() - before)
    for batch in _batches(asked):
        for each in batch:
            before = read()
            call(each)
            ticks.append(read() - before)
    clock = int(median(empty))
    return [tick - clock for tick in ticks]


def _per_call(call, asked):
    """Return the mean ns of a call, the loop's own taken off: the median of all batches."""
    read = time.perf_counter_ns
    found = []
    for batch in _batches(asked):
        before = read()
        for _ in batch:
            pass
        between = read()
        for each in batch:
            call(each)
        found.append((read() - between - (between - before)) / len(batch))
    return median(found)


def _p99(ticks):
    return sorted(ticks)[len(ticks) * 99 // 100]


def _in_a_process(what, *arguments):
    """Return what one of the functions below prints in a process of its own."""
    *paths, last = arguments
    if isinstance(last, list):
        paths[-1].write_text("\n".join(last))
    else:
        paths.append(last)
    code = f"from tests.bench import bench_blocklist as b; b.{what}(*{list(map(str, paths))})"
    run = [sys.executable, "-c", code]
    return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


def opened(path, asked):
    """Print how much private memory an open list takes, all numbers asked once."""
    digits = Path(asked).read_text().split()
    before = _anonymous()
    snapshot = _open(Path(path))
    for each in digits:
        snapshot._seek(each)
    print(_anonymous() - before)


def _anonymous():
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise LookupError


def _most_memory():
    """Return the most memory of this process in octets (getrusage would tell our parent's)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError


def applied(stream, path):
    """Print the most memory a process takes to apply a snapshot."""
    with Path(stream).open("rb") as source, Path(path).open("wb") as out:
        write_image(read_wire(source).sheet(), out)
    print(_most_memory())
