"""A drunk man and a careful man: what six paths downhill take, and how they stagger."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural, significant

COLUMNS = ("method", "steps", "images", "cost", "x", "y")
ARRAYS = (
    *("x", "y", "cost", "explained", "images", "passes"),
    *("batch_size", "last", "uphill", "way", "raced"),
)
CRITERION = (
    "It holds if, after as many images, the full batch leaves a higher cost than mini-batches, and "
    "the mini-batches' last steps go a longer way for the same distance: each as a mean ratio over "
    "several starts, whose whole 95 % interval is above 1. It holds in part if one of the two does."
)
BATCH, FULL = "mini-batches", "full batch"
QUICK = ("single images", BATCH, "momentum")  # they step before all images have been asked
CAREFUL = (FULL, "L-BFGS", "conjugate gradient")
NAMES = {"momentum": "mini-batches with momentum"}


@dataclass(frozen=True)
class Paths:
    """What every method did on its way, and the plane."""

    tables: dict[str, Table]
    plane: Arrays

    @property
    def images(self) -> int:
        """The whole data set."""
        return int(self.plane["images"])

    @property
    def budget(self) -> int:
        """Images that every method may ask."""
        return self.images * int(self.plane["passes"])

    @property
    def most(self) -> int:
        """Images that were asked by the careful methods, which go on longer."""
        return int(max(self.tables[name]["images"][-1] for name in CAREFUL))

    @property
    def passes_factor(self) -> int:
        """How many times as many images the careful methods may ask."""
        return -(-self.most // self.budget)

    @property
    def starts(self) -> int:
        """From how many first weights mini-batches and the full batch were compared."""
        return len(self.plane["raced"])

    @property
    def lower(self) -> Interval:
        """The full batch's cost by that of mini-batches, from every start where neither is lost."""
        costs = self.plane["raced"][:, :, 0]
        kept = costs[np.isfinite(costs).all(axis=1)]
        return mean_interval(kept[:, 1] / kept[:, 0]) if len(kept) else Interval(0.0, 0.0, 0.0)

    @property
    def staggers(self) -> Interval:
        """The mini-batches' last way by distance, by that of the full batch."""
        ways = self.plane["raced"][:, :, 1]
        return mean_interval(ways[:, 0] / ways[:, 1])

    def at_budget(self, name: str) -> int:
        """The newest look at a path when it had asked its share of images."""
        return int(np.searchsorted(self.tables[name]["images"], self.budget, side="right")) - 1

    def cost(self, name: str) -> float:
        """Cost of a method when it had asked its share of images."""
        return float(self.tables[name]["cost"][self.at_budget(name)])

    def end(self, name: str) -> float:
        """Cost at the end of a path."""
        return float(self.tables[name]["cost"][-1])

    def steps(self, name: str) -> int:
        """Steps until then."""
        return int(self.tables[name]["steps"][self.at_budget(name)])

    def last(self, name: str) -> tuple[int, int, float]:
        """How many steps at the end, how many of them uphill, and length of way by distance."""
        place = list(self.tables).index(name)
        last, uphill, way = (self.plane[key][place] for key in ("last", "uphill", "way"))
        return int(last), int(uphill), float(way)

    def catches_up(self, name: str) -> int | None:
        """Images after which a method is as low as the mini-batches with their share."""
        table = self.tables[name]
        low = np.flatnonzero((table["cost"] <= self.cost(BATCH)) & (table["images"] > 0))
        return int(table["images"][low[0]]) if low.size else None


def read() -> Paths:
    """The paths of all six methods, and the plane that shows them."""
    path = claim_table("paths")
    table = read_table(path, COLUMNS, texts=("method",))
    plane = read_arrays("paths", ARRAYS)
    names = [*dict.fromkeys(table["method"].tolist())]
    with written_by("paths", path):
        if {*names} != {*QUICK, *CAREFUL}:
            raise ValueError(f"methods {', '.join(names)}")
    tables = {
        name: {key: column[table["method"] == name] for key, column in table.items()}
        for name in names
    }
    return Paths(tables, plane)


def judge(paths: Paths) -> Finding:
    """Compare mini-batches with the full batch, as ``CRITERION`` says."""
    lower, staggers = paths.lower, paths.staggers
    verdict = Verdict.of(lower.low > 1, staggers.low > 1)
    title = heading(paths)
    return Finding(
        verdict,
        title,
        measured(paths),
        alt(paths, title),
        plain(verdict),
        notes(paths),
        Estimate(*lower, paths.starts, "times the cost of mini-batches is that of the full batch"),
    )


def plain(verdict: Verdict) -> str:
    """The finding in one sentence."""
    if verdict == Verdict.HELD:
        return "Many stumbling steps get lower than a few careful ones that look at as many images."
    if verdict == Verdict.PARTLY:
        return "Stumbling and getting lower do not go together here."
    return "Here careful steps are as good as stumbling ones."


def notes(paths: Paths) -> str:
    """Who of the careful ones comes as low, and what that takes."""
    within = [n for n in CAREFUL if paths.catches_up(n) is not None]
    if not within:
        times = f"{paths.passes_factor} times"
        return f"None of the careful ways gets as low, even with {times} the images."
    name = min(within, key=lambda n: paths.catches_up(n) or 0)
    more = (paths.catches_up(name) or 0) / paths.budget
    times = significant(more, 2)
    return f"Of the careful ways {name} gets as low first, with {times} times the images."


def heading(paths: Paths) -> str:
    """Both costs after as many images."""
    return (
        f"After {plural(paths.budget, 'image')} the cost is {significant(paths.cost(BATCH))} by "
        f"{plural(paths.steps(BATCH), 'stumbling step')}, {significant(paths.cost(FULL))} by "
        f"{plural(paths.steps(FULL), 'careful one')}"
    )


def measured(paths: Paths) -> str:
    """The costs, who catches up, how the paths stagger, and what the plane shows of them."""
    costs = [f"{NAMES.get(n, n)} {significant(paths.cost(n))}" for n in (*QUICK, *CAREFUL)]
    x, y = (percent(float(share), 0) for share in paths.plane["explained"])
    return (
        f"Cost of an image after {paths.budget:,} had been asked, at constant rates: "
        f"{', '.join(costs)}. {latecomers(paths)} {staggering(paths)} The plane holds {x} and {y} "
        "of the variance of the paths; they are seen as their shadows on it, so that their own "
        "costs, in the lower panels, are not those of the contours. Images asked, in searches "
        "along a line too, and steps are counted here because seconds differ from run to run: the "
        "stage prints them. The figure shows one start and one order of the images. From "
        f"{paths.starts} starts the full batch's cost is {ratio(paths.lower)} times the "
        f"mini-batches', and their last steps go {ratio(paths.staggers)} times as far for the same "
        "distance (means with 95 % intervals)."
    )


def ratio(interval: Interval) -> str:
    """A mean ratio with its interval: 6.31 (5.9 to 6.7)."""
    value, low, high = (significant(number) for number in interval)
    return f"{value} ({low} to {high})"


def latecomers(paths: Paths) -> str:
    """Which careful methods get where the mini-batches were, and after how many images."""
    images_until = {name: paths.catches_up(name) for name in CAREFUL}
    parts = [
        f"{name} gets as low as the mini-batches after {images:,} images, "
        f"{significant(images / paths.budget, 2)} times as many"
        for name, images in images_until.items()
        if images is not None
    ]
    late = [
        f"{n} ({significant(paths.end(n))})" for n, images in images_until.items() if images is None
    ]
    if late:
        parts.append(f"not as low within {paths.most:,}: {', '.join(late)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def staggering(paths: Paths) -> str:
    """How much longer than straight the last steps were, and how many led uphill."""
    parts = []
    for name in (BATCH, FULL):
        steps, uphill, way = paths.last(name)
        parts.append(
            f"the last {plural(steps, 'step')} of the {name} went {decimal(way, 1)} times the "
            f"straight distance, {uphill} of them uphill"
        )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def alt(paths: Paths, title: str) -> str:
    """Give the costs at the ends of all paths."""
    ends = [
        f"{NAMES.get(name, name)} {significant(table['cost'][-1])} after "
        f"{int(table['images'][-1]):,} images and {int(table['steps'][-1]):,} steps"
        for name, table in paths.tables.items()
    ]
    return (
        f"{title}. Paths on contours of the cost, and curves of the cost by images and by steps, "
        f"which end at: {'; '.join(ends)}."
    )
