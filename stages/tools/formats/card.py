"""The model card: what the network is, what it was trained on, how well it does, what it is not.

After Mitchell et al. 2019, Model Cards for Model Reporting. Every number is read from the run's
own files.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.common.files.paths import claim_table
from stages.page.contents import facts, tables
from stages.page.html import Table
from stages.tools.formats import OUTPUTS, rendered

if TYPE_CHECKING:
    from stages.page.figures.results import Results


def to_card(network: Path, files: dict[str, bytes]) -> bytes:
    """The card, in Markdown, for a network's file and the exports beside it.

    Raises ``StageError`` if a report of the run is missing or belongs to another network.
    """
    from stages.page.figures.results import load_results

    results = load_results()
    values, shown = facts(results), tables(results)
    text = rendered(
        "card.md.j2",
        **values,
        network=network,
        sha256=sum_of(network.read_bytes()),
        exported=[(name, f"{len(made):,}", sum_of(made)) for name, made in files.items()],
        hidden=results.network.activation if len(results.network.weights) > 1 else "",
        output=OUTPUTS[results.network.cost],
        counts=counts(results),
        calibration=shown["calibration"],
        calibration_error=f"{100 * results.metrics['calibration_error']:.1f}",
        most_confused=most_confused(results),
        noise=noise(),
    )
    return text.encode()


def sum_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def counts(results: "Results") -> Table:
    """The scores of every class, with how many of its images were read correctly."""
    scores = tables(results)["scores"]
    right = results.confusion.diagonal()
    header = [*scores.header[:2], "Read correctly", *scores.header[2:]]
    rows = [
        [*row[:2], f"{count:,}", *row[2:]] for row, count in zip(scores.rows, right, strict=True)
    ]
    return Table(scores.caption, header, rows)


def most_confused(results: "Results") -> tuple[int, int, int]:
    """The commonest mistake: true class, guess, images; the first of equal ones."""
    wrong = results.confusion.copy()
    for j in range(len(wrong)):
        wrong[j, j] = 0
    label, guess = divmod(int(wrong.argmax()), len(wrong))
    return label, guess, int(wrong[label, guess])


def noise() -> dict[str, Any] | None:
    """What the stage ``noise`` measured; None if it has not run."""
    from stages.claims.noise.verdict import KINDS, read
    from stages.page.figures.text import decimal, percent

    if not claim_table("noise").is_file():
        return None
    answers = read()
    return {
        "networks": answers.networks,
        "shape": "-".join(str(n) for n in answers.sizes),
        "threshold": decimal(answers.threshold, 2),
        "rows": [
            (
                name,
                f"{answers.counts[kind]:,}",
                percent(answers.of_page(kind), 1),
                percent(answers.quartiles(kind).value, 1),
                answers.ends(kind),
            )
            for kind, name in KINDS.items()
        ],
    }
