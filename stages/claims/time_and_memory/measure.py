"""How time and memory grow: what steps of many networks take, set beside their measured times."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from nn import SGD, Dataset, Network, Settings, parameter_count
from stages.claims.shared.command import run_claim
from stages.claims.shared.outputs import write_rows
from stages.claims.time_and_memory.counting import Tally, held_bytes, watch
from stages.common.files.paths import NETWORK, SCALE
from stages.common.files.tables import Rows, read_table
from stages.common.models.model import load_model
from stages.common.runtime.params import whole

TEXTS = ("part", "network", "processor")
COLUMNS = ("part", "network", "images", "batch_size", "epoch_ms", "own_mib", "processor")
PAGE = "page"  # the part of the network on the page, which has no measured time


@dataclass(frozen=True, kw_only=True)
class TimeAndMemoryParams:
    """What a step takes, by images, neurons and layers."""

    batch_size: Annotated[
        int, whole(1, 10**5, "images in a mini-batch of the page's network, whose step is counted")
    ]


def time_and_memory(params: TimeAndMemoryParams) -> None:
    """Count what a step of each network takes that benchmarks/scale.csv has a time of.

    Writes data/claims/time_and_memory.csv: what that table says, with the multiplications and the
    calls of NumPy of one step, and the bytes that a descent holds; and a row for the network on the
    page. The times are those of one processor, measured by ``python -m benchmarks.scale``: a time
    of this machine would be another each time.
    """
    timed = read_table(SCALE, COLUMNS, texts=TEXTS)
    rows: Rows = []
    for place, shape in enumerate(timed["network"].tolist()):
        row = {name: timed[name][place] for name in COLUMNS}
        row |= {name: int(row[name]) for name in ("images", "batch_size")}
        sizes = tuple(int(n) for n in shape.split("-"))
        rows.append(row | counts_of(blank(sizes), row["batch_size"]))
    network = load_model(NETWORK).network
    own = {"part": PAGE, "network": "-".join(map(str, network.sizes)), "images": 0}
    own |= {"batch_size": params.batch_size, "epoch_ms": 0.0, "own_mib": 0.0, "processor": "none"}
    rows.append(own | counts_of(network, params.batch_size))
    write_rows("time_and_memory", rows)
    last = rows[-1]
    print(
        f"a step of {own['network']} on {params.batch_size:,} images: "
        f"{last['multiplications']:,} multiplications in {last['calls']} calls of NumPy; "
        f"{last['bytes']:,} bytes are held"
    )


def blank(sizes: tuple[int, ...]) -> Network:
    """The network whose steps the benchmark times, with weights of zero: none changes a count."""
    return Network(sizes, "sigmoid", "quadratic", np.zeros(parameter_count(sizes), np.float32))


def counts_of(network: Network, batch_size: int) -> dict[str, int]:
    """Multiplications and calls of one step on such a mini-batch, and bytes that are held."""
    inputs = np.zeros((batch_size, network.sizes[0]), np.uint8)
    examples = Dataset(inputs, np.zeros(batch_size, np.uint8), 1 / 255)
    sgd = SGD(network, examples, Settings(1, 2, batch_size), np.random.default_rng(0))
    sgd.epoch()  # whatever a descent needs is there after its first step
    held, tally = held_bytes(sgd), Tally()
    watch(sgd, tally)
    with np.errstate(all="ignore"):
        sgd.epoch()
    return {"multiplications": tally.multiplications, "calls": tally.calls, "bytes": held}


if __name__ == "__main__":
    run_claim(time_and_memory)
