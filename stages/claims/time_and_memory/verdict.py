"""Whether time and memory grow in proportion, and where they do not."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nn import parameter_count
from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.work import multiplications
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural, significant

TEXTS = ("part", "network", "processor")
COLUMNS = (
    *("part", "network", "images", "batch_size", "epoch_ms", "own_mib", "processor"),
    *("multiplications", "calls", "bytes"),
)
PARTS = {"images": "images", "batch": "mini-batches", "width": "neurons", "depth": "layers"}
MORE = {
    "images": "more images",
    "batch": "larger mini-batches",
    "width": "more neurons",
    "depth": "more layers",
}
PAGE = "page"
STEADY, EXACT = 1.5, 0.05  # times as long for one multiplication; of the bytes
CRITERION = (
    "Held if from fewest to most images, from smallest to largest mini-batches, from fewest to "
    f"most neurons and layers, one multiplication's time changes by less than {STEADY:g} times, "
    f"and the bytes held are within {100 * EXACT:.0f} % of their formula; in part if some of these "
    f"five are so. A rule of thumb that is off by {STEADY:g} still tells what a plan will cost."
)


@dataclass(frozen=True)
class Line:
    """What was measured and counted of one network's steps."""

    network: str
    images: int  # of an epoch
    batch_size: int
    epoch_ms: float
    own_mib: float  # of the whole process
    multiplications: int  # of a step, as are the calls
    calls: int
    held: int  # bytes of a descent's arrays

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of every layer."""
        return tuple(int(n) for n in self.network.split("-"))

    @property
    def step_us(self) -> float:
        """Microseconds of a step."""
        return 1000 * self.epoch_ms * self.batch_size / self.images

    @property
    def picoseconds(self) -> float:
        """Time of one multiplication, if a step were nothing else."""
        return 1e6 * self.step_us / self.multiplications

    @property
    def known_multiplications(self) -> int:
        """What the formula says of a step."""
        return self.batch_size * multiplications(self.sizes)

    @property
    def known_bytes(self) -> int:
        """What the formula says of the memory.

        Three numbers of four bytes for each parameter, three for each neuron and image, one for
        each input and image, with the byte that it was stored as.
        """
        inputs, neurons = self.sizes[0], sum(self.sizes[1:])
        each = 5 * inputs + 12 * neurons
        return 12 * parameter_count(self.sizes) + self.batch_size * each


@dataclass(frozen=True)
class Growth:
    """All lines by what varies in them, and the network on the page."""

    processor: str
    parts: dict[str, list[Line]]
    page: Line

    @cached_property
    def steps(self) -> list[Line]:
        """All networks of which a step was timed, each once, the fewest multiplications first."""
        lines = [line for part in self.parts if part != "images" for line in self.parts[part]]
        distinct = {(line.network, line.batch_size): line for line in lines}
        return sorted(distinct.values(), key=lambda line: line.multiplications)

    def spread(self, part: str) -> float:
        """How many times as long a multiplication takes at most as at least."""
        times = [line.picoseconds for line in self.parts[part]]
        return max(times) / min(times)

    @property
    def steady(self) -> list[str]:
        """The parts in which time is in proportion to the multiplications."""
        return [part for part in self.parts if self.spread(part) < STEADY]

    @property
    def bytes_off(self) -> float:
        """The largest share by which the bytes that are held differ from the formula's."""
        lines = [*self.steps, self.page]
        return max(abs(line.held / line.known_bytes - 1) for line in lines)

    @property
    def quickest(self) -> float:
        """Picoseconds of a multiplication where it is quickest."""
        return min(line.picoseconds for line in self.steps)

    @property
    def call_us(self) -> float:
        """Microseconds of a call, by the step that has fewest multiplications for each."""
        least = min(self.steps, key=lambda line: line.multiplications / line.calls)
        return (least.step_us - 1e-6 * self.quickest * least.multiplications) / least.calls

    def foretold(self, line: Line) -> float:
        """Microseconds of a step by these two constants."""
        return self.call_us * line.calls + 1e-6 * self.quickest * line.multiplications

    @property
    def misses(self) -> Floats:
        """What each step takes, as a multiple of what the two constants foretell."""
        return np.array([line.step_us / self.foretold(line) for line in self.steps])


def read() -> Growth:
    """All lines."""
    path = claim_table("time_and_memory")
    table = read_table(path, COLUMNS, texts=TEXTS)
    with written_by("time_and_memory", path):
        lines = {part: lines_of(table, part) for part in (*PARTS, PAGE)}
        (page,) = lines.pop(PAGE)
        return Growth(str(table["processor"][0]), lines, page)


def lines_of(table: Table, part: str) -> list[Line]:
    """The lines of a part; raises ``ValueError`` if there are none."""
    rows = np.flatnonzero(table["part"] == part)
    if not len(rows):
        raise ValueError(f"no rows of {part}")
    return [line_of({name: column[row] for name, column in table.items()}) for row in rows]


def line_of(cells: dict[str, Any]) -> Line:
    """The line of a row of the table."""
    return Line(
        network=str(cells["network"]),
        images=int(cells["images"]),
        batch_size=int(cells["batch_size"]),
        epoch_ms=float(cells["epoch_ms"]),
        own_mib=float(cells["own_mib"]),
        multiplications=int(cells["multiplications"]),
        calls=int(cells["calls"]),
        held=int(cells["bytes"]),
    )


def judge(growth: Growth) -> Finding:
    """Held if all grow in proportion; in part if some do."""
    title = heading(growth)
    worst = max(growth.spread(part) for part in growth.parts)
    return Finding(
        verdict=Verdict.of(
            *(part in growth.steady for part in growth.parts), growth.bytes_off < EXACT
        ),
        title=title,
        measured=measured(growth),
        alt=alt(growth, title),
        plain=plain(growth),
        notes=notes(growth),
        estimate=Estimate(
            worst, worst, worst, 1, "times as long for a multiplication at most as at least"
        ),
    )


def listed(words: list[str]) -> str:
    """Words in a row: images, neurons and layers; nothing if there are none."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def heading(growth: Growth) -> str:
    """Where time follows the multiplications."""
    if len(growth.steady) == len(growth.parts):
        return "Time follows the multiplications, for images, mini-batches, neurons and layers"
    return "Time follows the multiplications where there are many; small steps pay for their calls"


def plain(growth: Growth) -> str:
    """The answer in one sentence."""
    steady = listed([PARTS[part] for part in growth.steady])
    others = [part for part in growth.parts if part not in growth.steady]
    if not others:
        return f"Time grows in proportion to {steady}, as the multiplications do."
    start = f"Time grows in proportion to {steady}; " if steady else ""
    sentence = f"{start}{listed([MORE[part] for part in others])}"
    lines = [growth.parts[part] for part in others]
    if all(part[-1].picoseconds < part[0].picoseconds for part in lines):
        sentence += " take less than that: each step has calls of a fixed price."
    else:
        sentence += " are not in proportion."
    return sentence[0].upper() + sentence[1:]


def notes(growth: Growth) -> str:
    """The calls, and the memory."""
    least, most = growth.parts["batch"][0], growth.parts["batch"][-1]
    return (
        f"A step of {least.network} on {plural(least.batch_size, 'image')} takes "
        f"{micro(least.step_us)} for its {least.calls} calls of NumPy, one on "
        f"{plural(most.batch_size, 'image')} {significant(most.step_us / least.step_us, 2)} times "
        f"that. The memory held is that of the formula to within {percent(growth.bytes_off, 1)}."
    )


def micro(microseconds: float) -> str:
    """A time in microseconds."""
    return f"{significant(microseconds)} \N{MICRO SIGN}s"


def measured(growth: Growth) -> str:
    """Both formulas, how far they reach, and all that was measured."""
    spreads = ", ".join(
        f"{PARTS[part]} ({ends(part, lines)}) {decimal(growth.spread(part))} times"
        for part, lines in growth.parts.items()
    )
    least, most = growth.misses.min(), growth.misses.max()
    page, images = growth.page, growth.parts["images"]
    return (
        f"{growth.processor}, one thread, processor time of the quickest epoch. Multiplications of "
        "a step, counted one product of matrices at a time: images in the mini-batch times twice "
        "the first layer's weights and three times the others'; the formula is "
        f"{'exact' if exact(growth) else 'not exact'}. From its least to its most a "
        f"multiplication's time changes, for {spreads}. Two constants, {micro(growth.call_us)} for "
        f"a call and {significant(growth.quickest)} ps for a multiplication, foretell "
        f"{len(growth.steps)} kinds of steps: what was measured is {decimal(least)} to "
        f"{decimal(most)} times that. Memory: 12 bytes for each parameter (itself, its step, its "
        "velocity), 12 for each neuron and image of the mini-batch (z, activation, error), 5 for "
        "each input and image; the images themselves stay on disk. The whole process had "
        f"{decimal(images[0].own_mib, 0)} MiB of its own for {plural(images[0].images, 'image')}, "
        f"{decimal(images[-1].own_mib, 0)} MiB for {plural(images[-1].images, 'image')}, whose "
        f"order alone is {decimal(8 * images[-1].images / 2**20, 0)} MiB. A step of the page's "
        f"network, "
        f"{page.network}, on {plural(page.batch_size, 'image')}: {page.multiplications:,} "
        f"multiplications, {plural(page.calls, 'call')}, {page.held:,} bytes."
    )


def exact(growth: Growth) -> bool:
    """Whether every count of multiplications is the formula's."""
    lines = [*growth.steps, growth.page]
    return all(line.multiplications == line.known_multiplications for line in lines)


def ends(part: str, lines: list[Line]) -> str:
    """The first and the last value of what varies."""
    first, last = (value(part, lines[place]) for place in (0, -1))
    return f"{first:,} to {last:,}"


def value(part: str, line: Line) -> int:
    """What varies in a part, of one of its lines."""
    return {
        "images": line.images,
        "batch": line.batch_size,
        "width": line.sizes[1],
        "depth": len(line.sizes) - 2,
    }[part]


def alt(growth: Growth, title: str) -> str:
    """The three panels."""
    few, many = growth.steps[0], growth.steps[-1]
    return (
        f"{title}. Three panels with logarithmic axes: an epoch's time by images, along a straight "
        f"line; a step's time by its multiplications, from {micro(few.step_us)} to "
        f"{micro(many.step_us)}, level at first and then along the line; the bytes held, along the "
        "formula's line."
    )
