"""What the cost says: the cost of images that are read rightly and wrongly, surely and not."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, predict
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings
from stages.claims.shared.outputs import write_rows
from stages.common.files.arrays import Floats, load_labelled, save_arrays
from stages.common.files.paths import NETWORK, TEST, claim_arrays
from stages.common.models.model import Model, load_model
from stages.common.models.recipe import examples_of
from stages.common.runtime.params import whole

PAGE = "page"  # the network on the page, as the table names it


@dataclass(frozen=True, kw_only=True)
class CostParams:
    """The cost of images that are read rightly and wrongly, surely and not."""

    pictures: Annotated[int, whole(1, 8, "test images that are shown of each end")]


def cost(params: CostParams) -> None:
    """Compare the costs of test images that a network reads rightly and wrongly.

    Writes data/claims/cost.csv: for the network on the page and its siblings how well their costs
    part wrong images from right ones, and some medians; and cost.npz: the cost of every test image
    for the network on the page, whether it is read rightly, and pictures from each end.
    """
    model, test, siblings = load_model(NETWORK), examples_of(TEST), load_siblings()
    networks = {PAGE: model.network}
    pairs = zip(siblings.seeds, siblings.after(siblings.last), strict=True)
    networks |= {str(seed): network for seed, network in pairs}
    rows = [{"network": name, **compare(one, test)} for name, one in networks.items()]
    write_rows("cost", rows)
    save_arrays(claim_arrays("cost"), pictures(model, test, params.pictures))
    page = rows[0]
    print(
        f"a wrong image costs more than a right one in {page['apart']:.2%} of all pairs; median "
        f"cost {page['wrong']:.3g} against {page['right']:.3g}"
    )


def compare(network: Network, test: Dataset) -> dict[str, float]:
    """How the costs of images that a network reads rightly and wrongly differ.

    ``apart`` is the share of pairs of a wrong and a right image in which the wrong one costs more
    (half of it if both cost the same; 0.5 without any pair). The surer half of the right images
    has the larger outputs of the true class.
    """
    outputs, costs = predict(network, test)
    largest, right = outputs.max(axis=1), outputs.argmax(axis=1) == test.labels
    wrong_costs, right_costs = costs[~right], costs[right]
    sure = largest[right] >= np.median(largest[right]) if right.any() else right[:0]
    return {
        "accuracy": float(right.mean()),
        "apart": apart(wrong_costs, right_costs),
        "right": median(right_costs),
        "sure": median(right_costs[sure]),
        "unsure": median(right_costs[~sure]),
        "wrong": median(wrong_costs),
        "cheapest_wrong": float(wrong_costs.min()) if len(wrong_costs) else 0.0,
    }


def apart(wrong: Floats, right: Floats) -> float:
    """Share of pairs in which the wrong image costs more than the right one."""
    if not (len(wrong) and len(right)):
        return 0.5
    ordered = np.sort(right)
    below = np.searchsorted(ordered, wrong, "left") + np.searchsorted(ordered, wrong, "right")
    return float(below.mean() / (2 * len(right)))


def median(costs: Floats) -> float:
    """The median; 0 if there is no image."""
    return float(np.median(costs)) if len(costs) else 0.0


def pictures(model: Model, test: Dataset, most: int) -> dict[str, NDArray[Any]]:
    """Every cost with whether the image is read rightly, and the images at four ends."""
    grey, labels = load_labelled(TEST)
    outputs, costs = predict(model.network, test)
    guesses = outputs.argmax(axis=1)
    right = guesses == labels
    order = np.argsort(costs, kind="stable")
    groups = [order[right[order] == kind] for kind in (True, False)]
    ends = [end for group in groups for end in (group[:most], group[max(0, len(group) - most) :])]
    chosen = np.concatenate(ends)
    return {
        "squares": np.array(model.network.cost == "quadratic"),
        "classes": np.array(outputs.shape[1]),
        "costs": costs.astype(np.float64),
        "right": right,
        "image_shape": np.array([model.preprocessing.height, model.preprocessing.width]),
        "end": np.repeat(np.arange(len(ends)), [len(end) for end in ends]),
        "chosen": chosen,
        "images": grey[chosen],
        "labels": labels[chosen],
        "guesses": guesses[chosen],
        "largest": outputs[chosen].max(axis=1),
    }


if __name__ == "__main__":
    run_claim(cost)
