"""Judge every claim, draw its figure, and write the page that tells them in order."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

from stages.claims.shared.claim import Claim, Finding, Verdict
from stages.claims.shared.outputs import why_left_out
from stages.common.files.atomic import StageError, whole_file, whole_folder
from stages.common.files.paths import (
    CLAIM_FIGURES,
    METRICS,
    NETWORK,
    PAGE_OF_CLAIMS,
    SCORES,
    VERDICTS,
    claim_arrays,
    claim_table,
)
from stages.common.files.tables import read_rows, read_table
from stages.common.images.classes import DIGITS as DIGIT_NAMES
from stages.common.images.dataset import load_known
from stages.common.models.model import load_model
from stages.common.runtime.cli import run
from stages.common.runtime.params import whole
from stages.page.bundle import bundle
from stages.page.contents import standard_error
from stages.page.figures.text import percent_of, plural
from stages.page.html import WEB, Image, Table, data_url, image_of, render

if TYPE_CHECKING:
    from stages.claims.registry import Chapter

MOST_ROWS, MOST_COLUMNS = 24, 8  # of a table that is shown; a larger one is a download
MOST_BYTES = 40_000  # of a download that travels inside the page
DIGITS = 8  # of the network's hash that name it
FEW = 1000  # test images; how little fewer can tell is said
KINDS = {".csv": "text/csv;charset=utf-8", ".npz": "application/octet-stream"}


@dataclass(frozen=True)
class Part:
    """A claim on the page: its words, its figure, and the numbers behind it."""

    claim: Claim
    image: Image
    finding: Finding
    table: Table | None
    downloads: Sequence[tuple[str, str]]  # names and data: URLs of what the command wrote


@dataclass(frozen=True)
class LeftOut:
    """A claim that asks what the images do not have."""

    claim: Claim
    reason: str


@dataclass(frozen=True, kw_only=True)
class ChaptersParams:
    """The page of the claims."""

    dpi: Annotated[int, whole(50, 600, "dots per inch of the figures")]


def chapters(params: ChaptersParams) -> None:
    """Write reports/claims, a figure a claim, and reports/chapters.html.

    A claim that its command left out is named there, with the reason.
    """
    from stages.claims.answers import answers
    from stages.claims.registry import (
        CHAPTERS,  # Matplotlib: a second that --help need not wait for
    )
    from stages.page.figures.layout import save, styled

    shown: list[tuple[Chapter, list[Part | LeftOut]]] = []
    with whole_folder(CLAIM_FIGURES) as folder, styled():
        for chapter in CHAPTERS:
            parts: list[Part | LeftOut] = []
            for claim in chapter.claims:
                if reason := why_left_out(claim.name):
                    parts.append(LeftOut(claim, reason))
                    print(f"{claim.name}: left out: {reason}")
                    continue
                measured = claim.read()
                finding = claim.judge(measured)
                path = folder / f"{claim.name}.png"
                save(claim.draw(measured, finding.title), path, params.dpi)
                parts.append(part_of(claim, finding, path.read_bytes()))
                print(f"{claim.name}: {finding.verdict.sentence}")
            shown.append((chapter, parts))
    every = [part for _, parts in shown for part in parts]
    write_verdicts(every)
    known = load_known()
    page = render(
        "chapters.html.j2",
        {
            **network(),
            "chapters": shown,
            "counts": in_words(every),
            "verdicts": [*Verdict],
            "answers": answers(),
            "credit": known.credit,
            "things": "digits" if known.classes == DIGIT_NAMES else "images",
        },
        script=bundle("chapters.js"),
        style=(WEB / "chapters.css").read_text(encoding="utf-8"),
    )
    with whole_file(PAGE_OF_CLAIMS) as path:
        path.write_text(page, encoding="utf-8")
    size = f"{len(page) / 1e6:.1f} MB"
    print(f"{in_words(every)}; their page: {PAGE_OF_CLAIMS} ({size})")


def part_of(claim: Claim, finding: Finding, png: bytes) -> Part:
    """A claim as the page shows it."""
    return Part(
        claim,
        image_of(finding.title, finding.measured, finding.alt, png),
        finding,
        small_table(claim.name),
        downloads(claim.name),
    )


def write_verdicts(parts: Sequence[Part | LeftOut]) -> None:
    """Write reports/verdicts.json: how many there are of each verdict, and a line a claim.

    DVC takes the counts for metrics; it does not look into lists.
    """
    verdicts, left_out = counted(parts)
    heads = [f"{json.dumps(verdict)}: {verdicts[verdict]}" for verdict in Verdict]
    heads += [f'"left_out": {left_out}'] if left_out else []
    lines = ",\n".join(json.dumps(as_data(part), ensure_ascii=False) for part in parts)
    with whole_file(VERDICTS) as path:
        text = "{\n" + ",\n".join([*heads, f'"claims": [\n{lines}\n]']) + "\n}\n"
        path.write_text(text, encoding="utf-8")


def counted(parts: Sequence[Part | LeftOut]) -> tuple[Counter[Verdict], int]:
    """How many claims there are of each verdict, and how many are left out."""
    verdicts = Counter(part.finding.verdict for part in parts if isinstance(part, Part))
    return verdicts, len(parts) - verdicts.total()


def as_data(part: Part | LeftOut) -> dict[str, Any]:
    """A verdict with all that it rests on, or why there is none."""
    if isinstance(part, LeftOut):
        return {"claim": part.claim.name, "left_out": part.reason}
    return {
        "claim": part.claim.name,
        "verdict": part.finding.verdict,
        "lecture": part.claim.claim,
        "criterion": part.claim.criterion,
        **rounded(asdict(part.finding.estimate)),
    }


def rounded(numbers: dict[str, Any]) -> dict[str, Any]:
    """Numbers with as many digits as are worth reading: what a new run changes, git diff shows."""
    return {
        name: float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in numbers.items()
    }


def network() -> dict[str, str]:
    """The network that most claims look at: its shape, its accuracy, its hash's first digits.

    ``caveat`` says why little of what is measured of it means much; it may be empty.
    """
    from stages.page.figures.results import SCORE_COLUMNS

    sizes = load_model(NETWORK).network.sizes
    try:
        metrics = json.loads(METRICS.read_text())
        accuracy, above_chance = float(metrics["accuracy"]), bool(metrics["above_chance"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"{METRICS}: expected an accuracy, and whether it is above chance; run dvc repro"
        raise StageError(message) from error
    images = int(read_table(SCORES, SCORE_COLUMNS)["images"].sum())
    return {
        "shape": "-".join(str(n) for n in sizes),
        "accuracy": percent_of(accuracy, images),
        "network": hashlib.md5(NETWORK.read_bytes()).hexdigest()[:DIGITS],  # noqa: S324 - as DVC
        "caveat": caveat(accuracy, images, above_chance=above_chance),
    }


def caveat(accuracy: float, images: int, *, above_chance: bool) -> str:
    """What keeps verdicts on such a network from meaning much, in sentences; it may be empty."""
    sentences = []
    if not above_chance:
        sentences.append(
            "This network reads no better than chance; what it does says little of others."
        )
    if images < FEW:
        sentences.append(
            f"There {'is' if images == 1 else 'are'} only {plural(images, 'test image')}: with as "
            f"many others, its accuracy would be about {standard_error(accuracy, images)} points "
            "higher or lower (one standard error). Smaller differences between accuracies say "
            "nothing, whatever the verdict."
        )
    return " ".join(sentences)


def in_words(parts: Sequence[Part | LeftOut]) -> str:
    """How many claims held, in part, and not, and are left out: 5 held, 9 in part, 1 not."""
    names = {Verdict.HELD: "held", Verdict.PARTLY: "in part", Verdict.NOT_HELD: "not"}
    verdicts, left_out = counted(parts)
    counts = [f"{verdicts[verdict]} {name}" for verdict, name in names.items()]
    return ", ".join([*counts, f"{left_out} left out"] if left_out else counts)


def small_table(name: str) -> Table | None:
    """A claim's own table, if it is small."""
    path = claim_table(name)
    if not path.is_file():
        return None
    header, rows = read_rows(path)
    if len(rows) > MOST_ROWS or len(header) > MOST_COLUMNS:
        return None
    return Table(str(path), [column.replace("_", " ") for column in header], rows)


def downloads(name: str) -> list[tuple[str, str]]:
    """Names and data: URLs of what a claim's command wrote, as far as it is not too large."""
    return [
        (path.name, data_url(KINDS[path.suffix], path.read_bytes()))
        for path in (claim_table(name), claim_arrays(name))
        if path.is_file() and path.stat().st_size <= MOST_BYTES
    ]


if __name__ == "__main__":
    run(chapters)
