"""Wrong labels: as many as is said, learnt as a slow count finds, judged by a tenth of them."""

from statistics import mean, stdev

import numpy as np
import pytest
from scipy.stats import sem, t, ttest_ind

from nn import Dataset, Settings, predict
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.wrong_labels.claim import CLAIM
from stages.claims.wrong_labels.measure import mislabelled, wrong_labels
from stages.common.files.paths import TEST, TRAIN, claim_table
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import Case, Shape, figure_of, finding_of, rows_of, write_rows

TABLE = claim_table("wrong_labels")
HEADER = ("network", "images", "epochs", "share", "seed", "wrong", "learnt", "test_accuracy")


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the table alone."""
    table = rows_of(TABLE)
    shares = sorted({float(row["share"]) for row in table})
    known = {table[0]["network"], *table[0]["network"].split("-"), "95"}
    known |= {f"{int(table[0]['images']):,}", table[0]["epochs"]}
    by_share = {s: [row for row in table if float(row["share"]) == s] for s in shares}
    for share, rows in by_share.items():
        own = [100 * float(row["test_accuracy"]) for row in rows]
        known |= {f"{100 * share:.0f}", f"{mean(own):.1f}", str(len(rows))}
        if stdev(own) > 0:
            ends = t.interval(0.95, len(own) - 1, mean(own), sem(own))
            known |= {f"{min(max(end, 0), 100):.1f}" for end in ends}
        known.add(f"{100 * mean(int(r['learnt']) / max(int(r['wrong']), 1) for r in rows):.1f}")
    tenth = min(shares[1:] or shares, key=lambda share: abs(share - 0.1))
    right, wrong = (
        [100 * float(row["test_accuracy"]) for row in by_share[s]] for s in (0.0, tenth)
    )
    assert finding.estimate.value == pytest.approx(mean(right) - mean(wrong))
    if min(stdev(right), stdev(wrong)) > 0:
        interval = ttest_ind(right, wrong, equal_var=False).confidence_interval(0.95)
        ends = [finding.estimate.low, finding.estimate.high]
        assert ends == pytest.approx([interval.low, interval.high])
    return known


def of_shape(shape: Shape) -> dict[str, object]:
    return {"hidden": [*shape.hidden], "images": 40, "epochs": 1}


CASE = Case(
    wrong_labels,
    {
        "shares": [0.1, 0.5], "hidden": [6], "images": 200, "epochs": 3, "learning_rate": 3.0,
        "batch_size": 20, "seeds": 2, "seed": 4,
    },
    {
        "shares": [0.3], "hidden": [5, 4], "images": 150, "epochs": 2, "learning_rate": 1.0,
        "batch_size": 30, "seeds": 3, "seed": 5,
    },
    (TABLE,),
    known_numbers,
    of_shape=of_shape,
    variations={"right labels alone": {"shares": [0.0]}},
)  # fmt: skip


def test_a_share_of_the_labels_becomes_any_other_class() -> None:
    labels = np.arange(1000, dtype=np.uint8) % 4
    given = mislabelled(labels, 4, 0.3, np.random.default_rng(0))
    assert (given != labels).sum() == 300
    assert {*given.tolist()} == {0, 1, 2, 3}
    moved = (given - labels)[given != labels] % 4
    assert np.bincount(moved, minlength=4)[1:].min() > 70
    assert (mislabelled(labels, 4, 0.0, np.random.default_rng(0)) == labels).all()
    assert (mislabelled(labels * 0, 1, 0.3, np.random.default_rng(0)) == 0).all()


@pytest.mark.usefixtures("folder")
def test_every_share_has_its_networks_and_as_many_wrong_labels_as_it_says() -> None:
    rungs = [(float(r["share"]), int(r["seed"]), int(r["wrong"])) for r in rows_of(TABLE)]
    assert rungs == [(s, seed, round(200 * s)) for s in (0.0, 0.1, 0.5) for seed in (4, 5)]


@pytest.mark.usefixtures("folder")
def test_what_was_learnt_is_counted_image_by_image() -> None:
    images, test = examples_of(TRAIN), examples_of(TEST)
    given = images.labels[:200].copy()
    *_, rng = np.random.default_rng(5).spawn(3)
    given = mislabelled(given, 10, 0.5, rng)
    examples = Dataset(images.stored[:200], given, images.scale, images.offset)
    network = Recipe((6,), Settings(3.0, 3, 20, "linear")).train(examples, 10, 5)
    row = rows_of(TABLE)[-1]
    answers = predict(network, examples)[0].argmax(axis=1).tolist()
    triples = zip(answers, given.tolist(), images.labels[:200].tolist(), strict=True)
    assert int(row["learnt"]) == sum(a == g != true for a, g, true in triples)
    right = predict(network, test)[0].argmax(axis=1) == test.labels
    assert float(row["test_accuracy"]) == pytest.approx(right.mean(), abs=1e-6)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ([0.0101, 0.0101], Verdict.HELD),
        ([0.0099, 0.0099], Verdict.PARTLY),
        ([0.0050, 0.0300], Verdict.NOT_HELD),  # on average more than a point, perhaps by chance
        ([0.0, 0.0], Verdict.NOT_HELD),
    ],
)
def test_a_point_lost_with_a_tenth_decides(losses: list[float], verdict: Verdict) -> None:
    rows = [("4-3-2", 90, 2, 0.0, seed, 0, 0, 0.9) for seed in (0, 1)]
    rows += [("4-3-2", 90, 2, 0.1, seed, 9, 3, 0.9 - loss) for seed, loss in enumerate(losses)]
    rows += [("4-3-2", 90, 2, 0.9, seed, 81, 60, 0.1) for seed in (0, 1)]
    write_rows(TABLE, HEADER, rows)
    assert finding_of(CLAIM).verdict == verdict
    figure_of(CLAIM)
