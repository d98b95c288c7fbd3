"""The page of the claims: every claim in its place, with verdict, figure and numbers."""

import hashlib
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from nn import Network
from stages.claims import answers, registry
from stages.claims.answers import Answer
from stages.claims.chapters import chapters, downloads, small_table
from stages.claims.registry import CLAIMS, Chapter
from stages.claims.shared.claim import Claim, Estimate, Finding, Verdict
from stages.claims.shared.command import headline, or_left_out
from stages.claims.shared.outputs import leave_out, why_left_out
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    CLAIM_FIGURES,
    DATASET,
    METRICS,
    NETWORK,
    PAGE_OF_CLAIMS,
    SCORES,
    VERDICTS,
    claim_arrays,
    claim_table,
)
from stages.common.images.dataset import DatasetInfo
from stages.common.images.outlook import NotInDataError
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.models.model import Model, save_model
from tests.claims.shared import write_rows
from tests.pipelines import CLAIMS as STAGES
from tests.sample import call
from tests.stages.test_report import Page

BAD = '<script>alert("1")</script>\'&'


def claim(name: str, verdict: Verdict) -> Claim:
    """A claim that found what its table holds."""

    def judge(measured: str) -> Finding:
        return Finding(
            verdict,
            f"Found {measured}",
            f"Measured {BAD}.",
            f"A line {BAD}",
            plain=f"Plainly {BAD}.",
            notes="Besides.",
            estimate=Estimate(1.23456, 1, 2.0, 3, "% of the images"),
        )

    def draw(_found: str, title: str) -> Figure:
        figure = Figure((1, 1))
        figure.text(0, 0, title)
        return figure

    return Claim(name, f"Title of {name}", f"Somebody says {BAD}.", "Somebody",
                 claim_table(name).read_text, judge, draw, "It is so.")  # fmt: skip


def write_scores(images: int, *, accuracy: float, above_chance: bool = True) -> None:
    """Write what evaluate would of so many test images."""
    METRICS.write_text(json.dumps({"accuracy": accuracy, "above_chance": above_chance}))
    header = ("class", "images", "precision", "recall", "f1")
    write_rows(SCORES, header, [("0", images - 1, 1, 1, 1), ("1", 1, 0, 0, 0)])


def write_book(patch: pytest.MonkeyPatch) -> None:
    """Write the page of two made-up claims into the current folder."""
    claim_table("one").parent.mkdir(parents=True)
    METRICS.parent.mkdir()
    write_scores(10_000, accuracy=0.9876)
    for name in ("one", "two"):
        claim_table(name).write_text("a_b,c\n1,2\n")
    preprocessing = Preprocessing(2, 2, False, False, *unit_scaling())
    network = Network((4, 2, 1), "sigmoid", "quadratic", np.zeros(13, np.float32))
    save_model(NETWORK, Model(network, preprocessing))
    book = (Chapter("first", "First", BAD, (claim("one", Verdict.HELD),)),
            Chapter("last", "Last", "About.", (claim("two", Verdict.NOT_HELD),)))  # fmt: skip
    patch.setattr(registry, "CHAPTERS", book)
    patch.setattr(answers, "answers", lambda: [Answer(f"Is it {BAD}?", "It is.", "one")])
    DatasetInfo("made up", ("one", "two"), credit="Somebody drew <them>.").save(DATASET)
    call(chapters, dpi=50)


@pytest.fixture
def written(empty: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page of two made-up claims, read by a parser."""
    write_book(monkeypatch)
    assert {path.stem for path in CLAIM_FIGURES.iterdir()} == {"one", "two"}
    return Page((empty / PAGE_OF_CLAIMS).read_text(encoding="utf-8"))


def test_every_claim_is_told_with_its_verdict_in_order(written: Page) -> None:
    text = "".join(written.text)
    assert text.index("Title of one") < text.index("It held.") < text.index("Title of two")
    assert text.index("Title of two") < text.index("It did not hold.")
    assert "1 held, 0 in part, 1 not" in text
    assert "by 3Blue1Brown. Somebody drew <them>." in text
    verdicts = [each["data-verdict"] for each in written.all("span") if "data-verdict" in each]
    assert verdicts == 2 * ["held", "not_held"]  # at a glance, and each in its place
    assert "1.23 % of the images (95 % interval 1.00 to 2.00, 3 networks)" in " ".join(text.split())


@pytest.mark.usefixtures("written")
def test_verdicts_are_data_a_line_a_claim() -> None:
    text = VERDICTS.read_text(encoding="utf-8")
    verdicts = json.loads(text)
    assert {name: verdicts[name] for name in Verdict} == {"held": 1, "partly": 0, "not_held": 1}
    assert sum(line.startswith('{"claim": ') for line in text.splitlines()) == 2
    assert verdicts["claims"][1] == {
        "claim": "two", "verdict": "not_held", "lecture": f"Somebody says {BAD}.",
        "criterion": "It is so.", "value": 1.235, "low": 1, "high": 2.0, "networks": 3,
        "unit": "% of the images", "kind": "95 % interval",
    }  # fmt: skip


def test_a_claim_that_asks_what_the_images_do_not_have_is_left_out_with_a_word(
    empty: Path, written: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not [span for span in written.all("span") if span.get("class") == "left-out"]
    reason = f'wishes.digit: expected 0, 1, got "2", {BAD}'

    def wishes() -> None:
        raise NotInDataError(reason)

    or_left_out(wishes)()
    assert capsys.readouterr().out == f"left out: {reason}\n"
    assert why_left_out("wishes") == reason
    leave_out([claim_table("two")], reason)
    call(chapters, dpi=50)
    text = "".join(Page((empty / PAGE_OF_CLAIMS).read_text(encoding="utf-8")).text)
    assert "1 held, 0 in part, 0 not, 1 left out" in text
    assert text.count(reason) == 1
    assert "Title of two" in text
    assert {path.stem for path in CLAIM_FIGURES.iterdir()} == {"one"}
    verdicts = json.loads(VERDICTS.read_text(encoding="utf-8"))
    assert [verdicts[name] for name in (*Verdict, "left_out")] == [1, 0, 0, 1]
    assert verdicts["claims"][1] == {"claim": "two", "left_out": reason}


def test_other_errors_of_a_claim_are_errors() -> None:
    def wishes() -> None:
        raise StageError("a full disk")

    with pytest.raises(StageError, match="a full disk"):
        or_left_out(wishes)()


def test_the_page_names_the_network_that_it_was_measured_on(written: Page) -> None:
    text = " ".join("".join(written.text).split())
    assert "is measured on real images:" in text  # they are called one and two
    assert "on the 4-2-1 network that reads 98.76 % of the test images" in text
    assert hashlib.md5(NETWORK.read_bytes()).hexdigest()[:8] in text


@pytest.mark.parametrize(
    ("images", "above_chance", "message"),
    [
        (20, True, "95 % of the test images|There are only 20 test images: .* about 6.75 points"),
        (
            999,
            True,
            "95.0 % of the test images|There are only 999 test images: .* about 0.70 points",
        ),
        (1000, False, "95.0 % of the test images|This network reads no better than chance; "),
    ],
)
def test_little_that_can_be_said_of_a_network_is_told(
    images: int, above_chance: bool, message: str, empty: Path, written: Page
) -> None:
    doubts = r"test images: with as many|better than chance"
    assert not re.search(doubts, " ".join("".join(written.text).split()))
    write_scores(images, accuracy=0.95, above_chance=above_chance)
    call(chapters, dpi=50)
    page = Page((empty / PAGE_OF_CLAIMS).read_text(encoding="utf-8"))
    text = " ".join("".join(page.text).split())
    accuracy, doubt = message.split("|")
    assert re.search(accuracy, text)
    assert re.search(doubt, text)
    assert len(re.findall(doubts, text)) == 1


def test_both_pages_lead_to_each_other(written: Page) -> None:
    assert "index.html" in [link["href"] for link in written.all("a")]
    template = Path(__file__).parents[2] / "stages/page/web/index.html.j2"
    assert 'href="chapters.html"' in template.read_text()


def test_words_are_text_and_no_markup(written: Page) -> None:
    assert len(written.all("script")) == 2  # the page's own
    assert "".join(written.text).count(BAD) >= 6
    assert all(image["alt"] == f"A line {BAD}" for image in written.all("img") if "id" not in image)


def test_a_small_table_is_shown_and_what_is_not_too_large_can_be_taken(empty: Path) -> None:
    table, arrays = empty / claim_table("one"), empty / claim_arrays("one")
    table.parent.mkdir(parents=True)
    assert small_table("one") is None
    assert downloads("one") == []
    table.write_text("a_b,c\n1,2\n")
    shown = small_table("one")
    assert shown is not None
    assert (shown.header, shown.rows) == (["a b", "c"], [["1", "2"]])
    arrays.write_bytes(bytes(40_001))
    ((name, source),) = downloads("one")
    assert name == "one.csv"
    assert b64decode(source.removeprefix("data:text/csv;charset=utf-8;base64,")) == b"a_b,c\n1,2\n"
    table.write_text("a,b\n" + "1,2\n" * 25)
    assert small_table("one") is None


def test_metrics_of_another_form_are_refused(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "CHAPTERS", ())
    monkeypatch.setattr(answers, "answers", list)
    test_metrics: Any = [{}, [], {"accuracy": None}, {"accuracy": 0.9}]
    METRICS.parent.mkdir()
    preprocessing = Preprocessing(2, 2, False, False, *unit_scaling())
    network = Network((4, 1), "sigmoid", "quadratic", np.zeros(5, np.float32))
    save_model(empty / NETWORK, Model(network, preprocessing))
    for content in test_metrics:
        METRICS.write_text(json.dumps(content))
        with pytest.raises(StageError, match=r"^reports/metrics\.json: expected an accuracy"):
            call(chapters, dpi=50)


def test_the_book_the_stages_and_the_count_have_one_order() -> None:
    names = [each.name for each in CLAIMS]
    assert [*STAGES] == ["siblings", *names, "chapters"]
    for number, name in enumerate(names, start=1):
        assert headline(name).startswith(f"claim {number} of {len(names)}, {name}: ")
