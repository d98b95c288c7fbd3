"""Whether the first layer hardly changes, and how a step is shared out on the way."""

from typing import NamedTuple

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("network", "look", "part", "share", "moved")
PAGE, FIRST, BIASES = "page", "weights 1", "biases"
LITTLE, FAR = 0.1, 1.0  # of its own first length: moves that count as hardly any, and as far
CRITERION = (
    "Held if training moves the first layer's weights by less than a tenth of their own first "
    "length, the upper end of the 95 % interval counts; in part if by less than that whole length. "
    "A tenth leaves the weights as they were to the eye; after a whole length little of the "
    "random start can be left."
)


class Look(NamedTuple):
    """Networks at one time of their training: by part, (networks,) each, the first layer first."""

    name: str
    shares: dict[str, Floats]  # of a step's squared length
    moved: dict[str, Floats]  # from the start, as a multiple of the length there


class Looks(NamedTuple):
    """What was measured of the siblings of the network on the page, and of itself."""

    siblings: list[Look]
    page: list[Look]

    @property
    def networks(self) -> int:
        """How many siblings there are."""
        return len(self.siblings[0].shares[FIRST])

    @property
    def last_layer(self) -> str:
        """The last layer's weights, as the table names them."""
        return [part for part in self.siblings[0].shares if part != BIASES][-1]

    @property
    def move(self) -> Interval:
        """How far the first layer's weights had moved after the last epoch."""
        return mean_interval(self.siblings[-1].moved[FIRST])


def read() -> Looks:
    """All looks, in the order of training."""
    path = claim_table("avenues")
    table = read_table(path, COLUMNS, texts=("network", "look", "part"))
    page = table["network"] == PAGE
    with written_by("avenues", path):
        return Looks(looks_of(table, ~page), looks_of(table, page))


def looks_of(table: Table, rows: Floats) -> list[Look]:
    """The looks among some rows."""
    columns = {name: column[rows] for name, column in table.items()}
    looks = []
    for name in dict.fromkeys(columns["look"].tolist()):
        at = columns["look"] == name
        parts = dict.fromkeys(columns["part"][at].tolist())
        shares, moved = (
            {part: columns[column][at & (columns["part"] == part)] for part in parts}
            for column in ("share", "moved")
        )
        looks.append(Look(name, shares, moved))
    return looks


def judge(looks: Looks) -> Finding:
    """Held if the first layer hardly moves; in part if it does not move far."""
    move, title = looks.move, heading(looks)
    return Finding(
        verdict=Verdict.of(move.high < LITTLE, move.high < FAR),
        title=title,
        measured=measured(looks),
        alt=alt(looks, title),
        plain=plain(looks),
        notes=notes(looks),
        estimate=Estimate(*move, looks.networks, "times the first layer's own first length"),
    )


def share(look: Look, part: str = FIRST) -> str:
    """Mean share of a part, in whole percent."""
    return percent(float(look.shares[part].mean()), 0)


def heading(looks: Looks) -> str:
    """The first layer's share at the start, soon after it, and at the end."""
    first, *_, last = looks.siblings
    second = looks.siblings[1]
    soon = f"{share(second)} after {epochs(second)}, " if second is not last else ""
    return f"The first layer gets {share(first)} of the first step, {soon}{share(last)} in the end"


def epochs(look: Look) -> str:
    """How long the networks of a look had learnt, in words."""
    return plural(int(look.name.split()[-1]), "epoch")


def plain(looks: Looks) -> str:
    """The answer in one sentence."""
    if looks.siblings[-1].shares[FIRST].mean() > looks.siblings[0].shares[FIRST].mean():
        return (
            "Nobody balances the avenues: the gradient itself says how far each goes, and soon it "
            "moves the first layer most."
        )
    return "Nobody balances the avenues: the gradient itself says how far each of them goes."


def notes(looks: Looks) -> str:
    """What the question is right about."""
    first = looks.siblings[0]
    return (
        f"Of the very first step, {share(first, looks.last_layer)} goes to the last layer's "
        f"weights and {share(first, BIASES)} to the biases."
    )


def measured(looks: Looks) -> str:
    """All shares, and how far the first and the last layer moved."""
    listing = "; ".join(f"{look.name}: {shares_in_words(look)}" for look in looks.siblings)
    page = "; ".join(f"{look.name}: {shares_in_words(look)}" for look in looks.page)
    move, last = looks.move, mean_interval(looks.siblings[-1].moved[looks.last_layer])
    return (
        "The share of a step's squared length, over many mini-batches, that each layer's weights "
        f"and all biases get. {plural(looks.networks, 'network')} trained as that of the page, "
        f"from other first weights, mean: {listing}. The network on the page: {page}. After "
        f"{epochs(looks.siblings[-1])} the first layer's weights had moved by "
        f"{decimal(move.value)} times their first length (95 % interval {decimal(move.low)} to "
        f"{decimal(move.high)}), the last layer's by {decimal(last.value)}; on the page by "
        f"{decimal(float(looks.page[-1].moved[FIRST][0]))} and "
        f"{decimal(float(looks.page[-1].moved[looks.last_layer][0]))}."
    )


def shares_in_words(look: Look) -> str:
    """Mean shares of all parts, in percent."""
    return ", ".join(f"{part} {percent(float(s.mean()), 1)}" for part, s in look.shares.items())


def alt(looks: Looks, title: str) -> str:
    """The bars, with the first layer's share."""
    bars = [*looks.siblings, looks.page[-1]]
    listing = "; ".join(f"{name(look)}, {share(look)}" for look in bars)
    return f"{title}. Bars of a step's parts; the first layer's weights have {listing}."


def name(look: Look) -> str:
    """A look, as the figure names it."""
    if look.name == "epoch 0":
        return "before the first step"
    return "the page's network, trained" if look.name == "trained" else f"after {epochs(look)}"
