"""What a step takes: counts as a loop over weights has them, bytes as the allocator has them."""

import tracemalloc
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmarks.scale import Point
from nn import SGD, Dataset, Network, Settings, Workspace, backpropagate
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.time_and_memory.claim import CLAIM
from stages.claims.time_and_memory.counting import Counted, Tally, held_bytes, watch
from stages.claims.time_and_memory.measure import blank, counts_of, time_and_memory
from stages.claims.time_and_memory.verdict import Growth, Line, judge
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, SCALE, claim_table
from stages.common.files.tables import read_table
from stages.common.models.model import load_model
from stages.common.runtime.imports import ROOT
from tests.claims.shared import (
    Case,
    Options,
    Row,
    figure_of,
    finding_of,
    numbers_in,
    rows_of,
    write_rows,
)
from tests.sample import call

TABLE = claim_table("time_and_memory")
PARTS = ("images", "batch", "width", "depth")
HEADER = ("part", "network", "images", "batch_size", "epoch_ms", "own_mib", "processor")
TIMES = (
    ("images", "20-4-3-2", 500, 100, 5.0, 50.0),
    ("images", "20-4-3-2", 5000, 100, 51.0, 52.5),
    ("batch", "20-4-3-2", 500, 1, 9.0, 50.0),
    ("batch", "20-4-3-2", 500, 100, 5.0, 50.0),
    ("width", "20-5-2", 500, 100, 5.5, 50.0),
    ("width", "20-80-2", 500, 100, 30.0, 50.0),
    ("depth", "20-6-2", 500, 100, 5.7, 50.0),
    ("depth", "20-6-6-6-2", 500, 100, 8.0, 50.0),
)


def write_times(_: Any = None) -> Options:
    """Write a made-up table of times in the place of the benchmark's."""
    write_rows(SCALE, HEADER, [(*row, "Made-up 9000") for row in TIMES])
    return {}


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    *rows, page = rows_of(TABLE)
    known = {"2", "3", "5", "12", "1.5", *numbers_in(rows[0]["processor"])}
    for row in (*rows, page):
        known |= {row["network"], f"{float(row['own_mib']):.0f}"}
        known |= {form for n in row["network"].split("-") for form in (n, f"{int(n):,}")}
        known |= {f"{int(row[name]):,}" for name in ("images", "batch_size", "calls")}
    known |= {f"{int(page[name]):,}" for name in ("multiplications", "bytes")}
    most = max(int(row["images"]) for row in rows)
    known |= {"8", f"{most * 8 / 2**20:.0f}"}
    for part in PARTS:
        times = [picoseconds(row) for row in rows if row["part"] == part]
        known.add(f"{max(times) / min(times):.2f}")
    known |= {str(len(row["network"].split("-")) - 2) for row in rows if row["part"] == "depth"}
    steps = {(row["network"], row["batch_size"]): row for row in rows if row["part"] != "images"}
    by_count = sorted(steps.values(), key=lambda row: int(row["multiplications"]))
    known |= {str(len(steps)), *(rounded(step_us(row)) for row in (by_count[0], by_count[-1]))}
    batches = [step_us(row) for row in rows if row["part"] == "batch"]
    known |= {rounded(batches[0]), rounded(batches[-1] / batches[0], 2)}
    quickest = min(map(picoseconds, steps.values()))
    least = min(steps.values(), key=lambda row: int(row["multiplications"]) / int(row["calls"]))
    a_call = (step_us(least) - quickest / 1e6 * int(least["multiplications"])) / int(least["calls"])
    known |= {rounded(quickest), rounded(a_call)}
    misses = [
        step_us(row) / (a_call * int(row["calls"]) + quickest / 1e6 * int(row["multiplications"]))
        for row in steps.values()
    ]
    off = [abs(int(row["bytes"]) / known_bytes(row) - 1) for row in (*steps.values(), page)]
    return known | {f"{min(misses):.2f}", f"{max(misses):.2f}", f"{100 * max(off):.1f}"}


def rounded(value: float, digits: int = 3) -> str:
    """A number to a few digits, as figures write it."""
    text = f"{value:.{digits}g}"
    return f"{float(text):,.0f}" if 1000 <= float(text) < 1e9 else text


def step_us(row: Row) -> float:
    return 1000 * float(row["epoch_ms"]) * int(row["batch_size"]) / int(row["images"])


def picoseconds(row: Row) -> float:
    return 1e6 * step_us(row) / int(row["multiplications"])


def known_bytes(row: Row) -> int:
    sizes = [int(n) for n in row["network"].split("-")]
    parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    return 12 * parameters + int(row["batch_size"]) * (5 * sizes[0] + 12 * sum(sizes[1:]))


CASE = Case(
    time_and_memory,
    {"batch_size": 10},
    {"batch_size": 7},
    (TABLE,),
    known_numbers,
    inputs="drifted_run",
    prepare=write_times,
    of_shape=write_times,
)


def counted(sizes: tuple[int, ...]) -> int:
    """Multiplications of one image, one at a time: forward, weight gradients, errors back."""
    count = 0
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        for _ in range(n_out * n_in):
            count += 1 + 1 + (layer > 0)
    return count


@pytest.mark.parametrize("sizes", [(784, 16, 16, 10), (5, 3), (4, 3, 2, 3, 2)])
@pytest.mark.parametrize("batch", [1, 6])
def test_multiplications_are_those_of_a_loop_over_all_weights(
    sizes: tuple[int, ...], batch: int
) -> None:
    assert counts_of(blank(sizes), batch)["multiplications"] == batch * counted(sizes)


def test_a_step_makes_as_many_calls_whatever_the_mini_batch_and_the_width() -> None:
    calls = {
        counts_of(blank((9, width, 4)), batch)["calls"] for width in (3, 50) for batch in (2, 60)
    }
    assert len(calls) == 1
    deeper = [counts_of(blank((9, *[3] * depth, 4)), 5)["calls"] for depth in (1, 2, 3, 4)]
    assert {*np.diff(deeper)} == {9}  # forward 2 and the sigmoid's 4, back 2, its gradient 1


def test_what_is_counted_is_what_is_computed() -> None:
    rng = np.random.default_rng(0)
    network = Network.random((6, 5, 4, 3), "sigmoid", "quadratic", rng=rng)
    work = Workspace(network, 7)
    work.inputs[:], work.targets[:] = rng.random((7, 6)), rng.random((3, 7))
    backpropagate(work, 1.0)
    known, tally = work.nabla.parameters.copy(), Tally()
    watch(work, tally)
    work.nabla.parameters[:] = 0
    backpropagate(work, 1.0)
    np.testing.assert_array_equal(work.nabla.parameters, known)
    assert isinstance(work.zs[0], Counted)
    assert tally.multiplications == 7 * (2 * 30 + 3 * (20 + 12))


@pytest.mark.parametrize(("sizes", "batch"), [((784, 16, 16, 10), 100), ((300, 200, 10), 1000)])
def test_the_bytes_held_are_those_that_the_allocator_gave(
    sizes: tuple[int, ...], batch: int
) -> None:
    images, labels = np.zeros((batch, sizes[0]), np.uint8), np.zeros(batch, np.uint8)
    network = blank(sizes)
    numpys = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    tracemalloc.start()
    try:
        settings, rng = Settings(1, 2, batch), np.random.default_rng(0)
        sgd = SGD(network, Dataset(images, labels), settings, rng)
        sgd.epoch()
        traces = tracemalloc.take_snapshot().filter_traces([numpys]).traces
    finally:
        tracemalloc.stop()
    allocated = sum(trace.size for trace in traces) + network.parameters.nbytes
    assert held_bytes(sgd) == pytest.approx(allocated, rel=0.005)


@pytest.mark.usefixtures("folder")
def test_the_table_has_all_times_and_the_network_on_the_page() -> None:
    *rows, page = rows_of(TABLE)
    cells = [tuple(row[name] for name in HEADER) for row in rows]
    assert cells == [(*map(str, row), "Made-up 9000") for row in TIMES]
    sizes = load_model(NETWORK).network.sizes
    assert page["part"] == "page"
    assert page["network"] == "-".join(map(str, sizes))
    assert int(page["multiplications"]) == 10 * counted(sizes)
    for row in rows:
        own = tuple(int(n) for n in row["network"].split("-"))
        assert int(row["multiplications"]) == int(row["batch_size"]) * counted(own)


@pytest.mark.usefixtures("folder")
def test_without_the_times_of_the_benchmark_a_line_says_so() -> None:
    SCALE.unlink()
    with pytest.raises(StageError, match=r"\Abenchmarks/scale\.csv: no such file[^\n]*\Z"):
        call(time_and_memory, **CASE.options)


def test_the_benchmark_has_written_every_part_on_one_processor() -> None:
    assert tuple(field.name for field in fields(Point)) == HEADER
    texts = ("part", "network", "processor")
    table = read_table(ROOT / SCALE, HEADER, texts=texts)
    assert {*table["part"].tolist()} == {*PARTS}
    assert len({*table["processor"].tolist()}) == 1
    assert (table["epoch_ms"] > 0).all()
    assert (table["own_mib"] > 0).all()


def growth(spreads: dict[str, float], held: float) -> Growth:
    """Made-up lines whose last one in each part takes so many times as long as the others."""

    def line(milliseconds: float, off: float = 1.0) -> Line:
        network = "9-4-2"
        known = Line(network, 100, 10, 1.0, 1.0, 1, 1, 1)
        count, bytes_held = known.known_multiplications, round(known.known_bytes * off)
        return Line(network, 100, 10, milliseconds, 50.0, count, 20, bytes_held)

    parts = {part: [line(1.0), line(spread)] for part, spread in spreads.items()}
    return Growth("Made-up", parts, line(1.0, held))


@pytest.mark.parametrize("part", [None, "images", "batch", "width", "depth", "bytes"])
def test_each_of_the_five_is_asked_for(part: str | None) -> None:
    spreads = {
        name: 1.51 if name == part else 1.49 for name in ("images", "batch", "width", "depth")
    }
    finding = judge(growth(spreads, 1.06 if part == "bytes" else 1.04))
    assert finding.verdict == (Verdict.HELD if part is None else Verdict.PARTLY)
    assert finding.estimate.value == pytest.approx(max(spreads.values()))


def test_nothing_in_proportion_does_not_hold() -> None:
    spreads = dict.fromkeys(PARTS, 1.51)
    assert judge(growth(spreads, 0.94)).verdict == Verdict.NOT_HELD


@pytest.mark.usefixtures("folder")
def test_the_project_s_own_times_are_judged_and_drawn() -> None:
    SCALE.write_bytes((ROOT / SCALE).read_bytes())
    call(time_and_memory, **CASE.options)
    figure_of(CLAIM)
    assert numbers_in(finding_of(CLAIM).measured) <= known_numbers(finding_of(CLAIM))
