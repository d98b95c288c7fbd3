"""Draw what the run has shown, and tell its story on one page that needs nothing else."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stages.common.files.atomic import StageError, whole_file, whole_folder
from stages.common.files.paths import FIGURES, PAGE
from stages.common.runtime.cli import run, whole
from stages.page.bundle import bundle
from stages.page.embed import embed_run, is_live, sample_size, snapshots
from stages.page.story import Image, chapters, facts, image_of, tables

if TYPE_CHECKING:
    from stages.claims.shared.claim import Claim
    from stages.page.figures import Picture, Results

LONGEST_CREDIT = 300  # characters
MOST_HIDDEN_DRAWN, MOST_OUTPUTS_DRAWN = 16, 32  # neurons of a layer
TEMPLATES = Path(__file__).parent / "page/web"


def _parse_credit(value: str) -> str:
    if not 1 <= len(value.strip()) <= LONGEST_CREDIT or not value.isprintable():
        raise typer.BadParameter(f"expected 1 to {LONGEST_CREDIT} characters, got {value!r}")
    return value


def _credit() -> Any:
    about = "Whose images these are, at the foot of the page."
    return typer.Option("--credit", parser=_parse_credit, metavar="TEXT", help=about)


def report(
    dpi: Annotated[int, whole("dpi", 50, 600, "Dots per inch of the figures.")],
    mistakes: Annotated[
        int, whole("mistakes", 1, 100, "How many of the most confident mistakes are shown.")
    ],
    credit: Annotated[str, _credit()],
) -> None:
    """Write reports/figures and reports/index.html from what the earlier stages measured.

    A claim whose stage has not run gets no figure; the page says how to compute it.
    """
    from stages.page.figures import load_results

    results = load_results()
    images = draw(results, dpi, mistakes)
    page = render({**page_context(results, images, mistakes), "credit": credit})
    with whole_file(PAGE) as path:
        path.write_text(page, encoding="utf-8")
    print(
        f"{len(images)} figures in {FIGURES}, one page for all: {PAGE} ({len(page) / 1e6:.1f} MB)"
    )


def draw(results: "Results", dpi: int, mistakes: int) -> dict[str, Image]:
    """Draw the figures of the run and of the claims; return them by name, ready for the page."""
    from stages.claims.registry import CLAIMS
    from stages.page.figures import Picture, painters, save, styled

    images = {}
    with whole_folder(FIGURES) as folder, styled():
        pictures: Iterator[tuple[Picture, str]] = chain(
            ((paint(results), "") for paint in painters(mistakes)),
            filter(None, map(judged_if_computed, CLAIMS)),
        )
        for picture, verdict in pictures:
            path = folder / f"{picture.name}.png"
            save(picture.figure, path, dpi)
            images[picture.name] = image_of(picture, path.read_bytes(), verdict)
    return images


def judged_if_computed(claim: "Claim") -> "tuple[Picture, str] | None":
    """A claim's picture and verdict, or None if an output of its stage is missing."""
    from stages.page.figures import Picture

    try:
        measured = claim.read()
    except StageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    finding = claim.judge(measured)
    caption = f"{finding.measured} Counted as held if: {finding.criterion}"
    figure = claim.draw(measured, finding.title)
    picture = Picture(claim.name, finding.title, caption, finding.alt, figure)
    return picture, finding.verdict.sentence


def page_context(results: "Results", images: dict[str, Image], mistakes: int) -> dict[str, Any]:
    """Everything that the template needs."""
    from stages.claims.registry import CHAPTERS

    return {
        **facts(results),
        "images": images,
        "tables": tables(results),
        "chapters": chapters(CHAPTERS, images, tables(results)),
        "live": is_live(results),
        "sample": sample_size(results),
        "has_snapshots": snapshots(results) is not None,
        "data": embed_run(results, mistakes),
    }


def render(context: dict[str, Any]) -> str:
    """The page. Every text is escaped; the policy allows only the page's own script and style."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    style += f":root {{ --rows: {drawn_rows(context['classes'])}; }}\n"
    script = bundle()
    policy = (
        f"default-src 'none'; img-src data:; script-src {_sum_of(script)}; "
        f"style-src {_sum_of(style)}; base-uri 'none'; form-action 'none'"
    )
    trusted = {
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own files
        "data": Markup(context["data"]),  # noqa: S704 - JSON without "<"
    }
    template = environment.get_template("report.html.j2")
    return template.render(**{**context, **trusted}, policy=policy)


def drawn_rows(classes: int) -> int:
    """Neurons that stand above one another in the diagram, as stages/page/web/run.js draws them."""
    return max(MOST_HIDDEN_DRAWN, min(MOST_OUTPUTS_DRAWN, classes))


def _sum_of(text: str) -> str:
    """How a policy names a text that may run."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


if __name__ == "__main__":
    run(report)
