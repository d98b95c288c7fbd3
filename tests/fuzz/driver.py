"""Many changed inputs of one reader, in a process of its own."""

import faulthandler
import resource
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz.contract import verdict
from tests.fuzz.forms import changed
from tests.fuzz.targets import TARGETS

KEPT = Path(".fuzz")  # inputs that broke a promise, and what coverage has found
SLOW = {"history", "predictions", "confusion", "calibration", "metrics", "snapshots"}
LONGEST = 120  # seconds for one input, before all threads are shown and the process ends


class Tally(NamedTuple):
    """What became of one target's inputs."""

    outcomes: Counter[str]
    failures: list[str]
    peak: int  # bytes, of what Python and NumPy held at a time
    resident: int  # bytes, of the whole process
    seconds: float


def tried(name: str, count: int, seed: int) -> Tally:
    """Give a target its seeds and so many changed inputs."""
    target, rng = TARGETS[name], Random(f"{seed} {name}")
    seeds, outcomes, failures, peak = target.seeds(), Counter[str](), [], 0
    for valid in seeds:  # what is imported or cached at first is not an input's memory
        verdict(target, valid, bounded=False)
    # Once for all: CPython 3.11 crashes if it is switched off while the watchdog's thread starts.
    tracemalloc.start()
    start = time.perf_counter()
    for number in range(count):
        content = changed(rng.choice(seeds), target.form, rng)
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        try:
            outcome, memory = verdict(target, content)
            peak = max(peak, memory)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            outcome = "broken"
            failures.append(keep(f"{name}-{seed}-{number}", content, error))
        outcomes[outcome] += 1
    faulthandler.cancel_dump_traceback_later()
    tracemalloc.stop()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Tally(outcomes, failures, peak, resident, time.perf_counter() - start)


def keep(name: str, content: bytes, error: Exception) -> str:
    """Write the input to a file, and say what it did."""
    KEPT.mkdir(exist_ok=True)
    (KEPT / name).write_bytes(content)
    return f"{KEPT / name}: {type(error).__name__}: {error}"
