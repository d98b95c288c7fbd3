"""A drunk man and a careful man: what six paths downhill take, and how they stagger."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural, significant

COLUMNS = ("method", "steps", "images", "cost", "x", "y")
ARRAYS = (
    *("x", "y", "cost", "explained", "images", "passes"),
    *("batch_size", "last", "uphill", "way"),
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
    """Held if mini-batches get lower than the full batch with as many images, and stagger more."""
    title = heading(paths)
    return Finding(
        Verdict.of(
            paths.cost(BATCH) < paths.cost(FULL), paths.last(BATCH)[2] > paths.last(FULL)[2]
        ),
        title,
        measured(paths),
        "With as many images the mini-batches get lower than the full batch, although their last "
        "steps stagger more.",
        alt(paths, title),
    )


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
        "stage prints them. One start and one order of the images."
    )


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
