"""Measurements on disk: one row for each, a column for each field; and as a table of the README."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = Path(__file__).parent.parent
SPEED = ROOT / "benchmarks/results.csv"
PEERS = {  # a column of the README's table: how a contender's name begins
    "products alone": "floor: products",
    "JAX": "JAX",
    "PyTorch by hand": "PyTorch, step by hand",
    "torch.compile": "torch.compile",
    "PyTorch eager": "PyTorch eager",
    "scikit-learn": "scikit-learn",
    "one by one": "NumPy, one example at a time",
}


def write(path: Path, rows: "Sequence[DataclassInstance]") -> None:
    """Keep what was measured: dataclasses of one kind, at least one."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, asdict(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def speed_table() -> str:
    """Our time of an epoch, and that of the others as multiples of it, in Markdown.

    Of several ways to use a framework the quickest counts.
    """
    with SPEED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| one epoch of | here, ms | " + " | ".join(PEERS) + " |",
        "|---" * (2 + len(PEERS)) + "|",
    ]
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        cells = [_multiple(own, start) for start in PEERS.values()]
        if own[0]["contender"] == "downhill" and "evaluation" not in task:
            lines.append(f"| {task} | {float(own[0]['median_ms']):.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _multiple(rows: list[dict[str, str]], start: str) -> str:
    """The quickest of the contenders whose name begins so, as a multiple of our time."""
    shares = [float(row["ratio_of_ours"]) for row in rows if row["contender"].startswith(start)]
    times = 1 / max(shares, default=np.inf)
    return f"{times:.{0 if times >= 10 else 1 if times >= 2 else 2}f}" if shares else ""
