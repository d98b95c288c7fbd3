"""Whether the cost parts what a network reads rightly and surely from what it reads wrongly."""

from typing import NamedTuple

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, share_interval
from stages.claims.shared.words import without_exponent
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import percent, plural

COLUMNS = (
    *("network", "accuracy", "apart", "right", "sure", "unsure", "wrong"),
    "cheapest_wrong",
)
ARRAYS = (
    *("squares", "classes", "costs", "right", "image_shape"),
    *("end", "chosen", "images", "labels", "guesses", "largest"),
)
PAGE = "page"
ENDS = ("right, cheapest", "right, dearest", "wrong, cheapest", "wrong, dearest")
PAIRS = 0.99  # share in which the wrong image has to cost more
LEAST = 0.5  # what a wrong image costs at least with squared errors
CRITERION = (
    f"Held if a wrong image costs more than a right one in at least {percent(PAIRS, 0)} of all "
    "pairs, on the page's network and, by the lower end of the 95 % interval, on others; and on "
    "every network median costs rise from right and sure over right and less sure to wrong. In "
    "part if only one of these is so. One pair in a hundred is what nobody sees in the figure."
)


class Costs(NamedTuple):
    """What was measured of the page's network, (rows of the table)[0], and of the others."""

    table: Table  # by column, (1 + seeds,)
    arrays: Arrays

    def page(self, name: str) -> float:
        """A number of the page's network."""
        return float(self.table[name][0])

    @property
    def others(self) -> int:
        """Networks beside that of the page."""
        return len(self.table["network"]) - 1

    @property
    def apart(self) -> Interval:
        """Share of pairs, on the others."""
        return share_interval(self.table["apart"][1:])

    @property
    def parts(self) -> bool:
        """Whether wrong images cost more in nearly all pairs."""
        return self.page("apart") >= PAIRS and self.apart.low >= PAIRS

    @property
    def rises(self) -> bool:
        """Whether medians rise from right and sure to wrong on every network."""
        sure, unsure, wrong = (self.table[name] for name in ("sure", "unsure", "wrong"))
        return bool(((sure < unsure) & (unsure < wrong)).all())


def read() -> Costs:
    """The table and the page's costs, the page's row first."""
    path = claim_table("cost")
    table = read_table(path, COLUMNS, texts=("network",))
    with written_by("cost", path):
        if table["network"][0] != PAGE or len(table["network"]) < 2:
            raise ValueError(f"the first row is not {PAGE}'s, or the only one")
    return Costs(table, read_arrays("cost", ARRAYS))


def judge(costs: Costs) -> Finding:
    """Held if wrong images cost more in nearly all pairs, and sure ones least."""
    title = heading(costs)
    apart = Interval(*(100 * end for end in costs.apart))
    return Finding(
        verdict=Verdict.of(costs.parts, costs.rises),
        title=title,
        measured=measured(costs),
        alt=alt(costs, title),
        plain=plain(costs),
        notes=notes(costs),
        estimate=Estimate(
            *apart, costs.others, "% of the pairs in which the wrong image costs more"
        ),
    )


def heading(costs: Costs) -> str:
    """In how many pairs the wrong image costs more."""
    share = percent(costs.page("apart"))
    return f"A wrong image costs more than a right one in {share} of all pairs"


def plain(costs: Costs) -> str:
    """The finding in one sentence."""
    if costs.parts and costs.rises:
        return (
            "The cost tells them apart: right and sure is cheap, right but unsure is dearer, and "
            "wrong is dearest, with hardly an exception."
        )
    return "Here the cost does not clearly tell right images from wrong ones."


def notes(costs: Costs) -> str:
    """What wrong images cost at least."""
    if not costs.page("cheapest_wrong"):
        return ""
    least = (
        f"; with squared errors none can cost less than {LEAST}, since a wrong output is at least "
        "as bright as the right one"
        if costs.arrays["squares"]
        else ""
    )
    return f"The cheapest wrong image costs {money(costs.page('cheapest_wrong'))}{least}."


def money(cost: float) -> str:
    """A cost to three digits, written out."""
    return without_exponent(cost, 3)


def measured(costs: Costs) -> str:
    """All medians, and the other networks."""
    names = {
        "sure": "right and in the surer half",
        "unsure": "right and in the less sure half",
        "wrong": "wrong",
    }
    medians = ", ".join(f"{name} {money(costs.page(key))}" for key, name in names.items())
    apart = ", ".join(percent(end) for end in costs.apart[1:])
    return (
        f"All {plural(len(costs.arrays['costs']), 'test image')}, of which the network on the page "
        f"reads {percent(costs.page('accuracy'))}. Median costs: {medians}. Sure is who has a "
        f"large output for the right answer. On {plural(costs.others, 'network')} trained as it "
        f"was, from other first weights, it is {percent(costs.apart.value)} of all pairs (95 % "
        f"interval {apart}), and the cheapest wrong image costs "
        f"{money(float(costs.table['cheapest_wrong'][1:].min()))}."
    )


def alt(costs: Costs, title: str) -> str:
    """Both hills, and the pictures."""
    values, right = costs.arrays["costs"], costs.arrays["right"]
    hills = [
        f"{name} ones from {money(float(group.min()))} to {money(float(group.max()))}"
        for name, group in (("right", values[right]), ("wrong", values[~right]))
        if len(group)
    ]
    return (
        f"{title}. Two hills of costs on a logarithmic axis: {', '.join(hills)}. Below, pictures "
        "from each end."
    )
