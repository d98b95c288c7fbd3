"""Draw what the run has shown, and write the live page of its network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from nn import ACTIVATIONS, COSTS
from stages.common.files.atomic import whole_file, whole_folder
from stages.common.files.paths import FIGURES, PAGE
from stages.common.runtime.cli import run
from stages.common.runtime.params import whole
from stages.page.bundle import bundle
from stages.page.contents import facts, tables
from stages.page.embed import embed_run, is_live, sample_size, snapshots
from stages.page.hill import measure_hill
from stages.page.html import Image, image_of, render, stylesheet
from stages.page.teach import taught_shapes, training_digits

if TYPE_CHECKING:
    from stages.page.figures.results import Results

STYLES = ("teach.css", "hill.css", "dream.css")  # after that of all pages
MOST_HIDDEN_DRAWN, MOST_OUTPUTS_DRAWN = 16, 32  # neurons of a layer


@dataclass(frozen=True, kw_only=True)
class ReportParams:
    """Figures and page."""

    dpi: Annotated[int, whole(50, 600, "dots per inch of the figures")]
    mistakes: Annotated[int, whole(1, 100, "most confident mistakes to show")]


def report(params: ReportParams) -> None:
    """Write reports/figures and reports/index.html from what the earlier stages measured."""
    from stages.page.figures.results import load_results

    results = load_results()
    images = draw(results, params.dpi, params.mistakes)
    taught = training_digits()
    hill = measure_hill(results, taught.count) if is_live(results) else None
    context = {
        **facts(results),
        "images": images,
        "tables": tables(results),
        "live": is_live(results),
        "sample": sample_size(results),
        "has_snapshots": snapshots(results) is not None,
        "training_count": taught.count,
        "training_shapes": taught_shapes(results.network.sizes),
        "activations": [*ACTIVATIONS],
        "costs": [*COSTS],
        "hill": hill and hill.facts(),
    }
    page = render(
        "index.html.j2",
        context,
        script=bundle("main.js"),
        style=f":root {{ --rows: {drawn_rows(results.classes)}; }}\n"
        + "".join(map(stylesheet, STYLES)),
        data=embed_run(results, params.mistakes),
        blocks={
            "training_data": taught.json,
            "hill_data": hill.as_json() if hill else "null",
            "worker": bundle("worker.js"),
        },
    )
    with whole_file(PAGE) as path:
        path.write_text(page, encoding="utf-8")
    size = f"{len(page) / 1e6:.1f} MB"
    print(f"{len(images)} figures in {FIGURES}, and the live page of the network: {PAGE} ({size})")


def draw(results: "Results", dpi: int, mistakes: int) -> dict[str, Image]:
    """Draw the figures of the run; return them by name, ready for the page."""
    from tqdm import tqdm

    from stages.page.figures.gallery import painters
    from stages.page.figures.layout import save, styled

    images = {}
    with whole_folder(FIGURES) as folder, styled():
        for paint in tqdm(painters(mistakes), desc="figures", unit="figure", disable=None):
            picture = paint(results)
            path = folder / f"{picture.name}.png"
            save(picture.figure, path, dpi)
            words = (picture.title, picture.caption, picture.alt)
            images[picture.name] = image_of(*words, path.read_bytes())
    return images


def drawn_rows(classes: int) -> int:
    """Neurons that stand above one another in the diagram, as page/web/run.js draws them."""
    return max(MOST_HIDDEN_DRAWN, min(MOST_OUTPUTS_DRAWN, classes))


if __name__ == "__main__":
    run(report)
