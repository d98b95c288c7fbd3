"""Short answers: their numbers are those of the claims' outputs, found by other means."""

from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import pytest

from stages.claims.answers import answers
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import claim_arrays, claim_table
from tests.claims.shared import copied, numbers_in, rows_of, write_siblings
from tests.claims.test_avenues import CASE as AVENUES
from tests.claims.test_averaging import CASE as AVERAGING
from tests.claims.test_wishes import CASE as WISHES
from tests.sample import call


@pytest.fixture
def measured(trained_run: Path, empty: Path) -> None:
    """The three claims that the answers quote, measured on the sample."""
    copied(trained_run, empty)
    write_siblings()
    for case in (AVENUES, AVERAGING, WISHES):
        case.prepare()
        call(case.measure, **case.options)


@pytest.mark.usefixtures("measured")
def test_every_number_is_found_in_the_outputs() -> None:
    replies = {answer.question: answer.answer for answer in answers()}
    entries, hidden, biases, average, arrows = replies.values()
    sizes = [int(n) for n in load_arrays(claim_arrays("wishes"))["sizes"]]
    weights = sum(a * b for a, b in pairwise(sizes))
    assert numbers_in(entries) == {
        f"{n:,}" for n in (weights, sum(sizes[1:]), weights + sum(sizes[1:]), sizes[0] * sizes[1])
    }
    assert " biases, " in entries
    rows = [row for row in rows_of(claim_table("avenues")) if row["network"] != "page"]
    looks = list(dict.fromkeys(row["look"] for row in rows))

    def of(part: str, look: str, column: str) -> float:
        own = (row for row in rows if (row["part"], row["look"]) == (part, look))
        return mean(float(row[column]) for row in own)

    assert numbers_in(hidden) == {f"{of('weights 1', looks[-1], 'moved'):.2f}"}
    assert numbers_in(biases) == {
        f"{100 * of('biases', look, 'share'):.1f}" for look in (looks[0], looks[-1])
    }
    table = rows_of(claim_table("averaging"))
    rate = min(float(row["learning_rate"]) for row in table)
    shares = [
        float(row["lowered"])
        for row in table
        if row["epoch"] == "0" and float(row["learning_rate"]) == rate
    ]
    batch = len(load_arrays(claim_arrays("averaging"))["rows"])
    assert numbers_in(average) == {str(batch), f"{rate:.3g}", f"{100 * mean(shares):.0f}"}
    turned = load_arrays(claim_arrays("wishes"))["turned"][0].tolist()
    assert numbers_in(arrows) == {f"{100 * median(turned):.0f}"}


@pytest.mark.usefixtures("measured")
def test_an_answer_whose_claim_is_left_out_is_left_out() -> None:
    claim_table("avenues").write_text("left_out\nthere is no 2\n")
    assert [answer.claim for answer in answers()] == ["avenues", "averaging", "wishes"]
