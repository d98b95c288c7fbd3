"""Measurements on disk: one row for each, a column for each field; and as a table of the README."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = Path(__file__).parent.parent
SPEED = ROOT / "benchmarks/results.csv"
PEERS = {  # a column of the README's table: how a contender's name begins
    "products alone": "floor: products",
    "JAX": "JAX, one scan",
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

    The multiples are those of the epoch alone, since the others measure nothing after it. Of
    several ways to use a framework the quickest counts.
    """
    with SPEED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "| one epoch of | as trained, ms | epoch alone, ms | " + " | ".join(PEERS) + " |",
        "|---" * (3 + len(PEERS)) + "|",
    ]
    for task in dict.fromkeys(row["task"] for row in rows):
        times = {row["contender"]: float(row["median_ms"]) for row in rows if row["task"] == task}
        if {"downhill", "downhill, epoch alone"} <= times.keys():
            alone = times["downhill, epoch alone"]
            cells = [_multiple(times, start, alone) for start in PEERS.values()]
            ours = f"{times['downhill']:.0f} | {alone:.0f}"
            lines.append(f"| {task} | {ours} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _multiple(times: dict[str, float], start: str, ours: float) -> str:
    """The quickest of the contenders whose name begins so, as a multiple of our time."""
    ratios = [time / ours for name, time in times.items() if name.startswith(start)]
    best = min(ratios, default=0.0)
    return f"{best:.{0 if best >= 10 else 1 if best >= 2 else 2}f}" if ratios else ""
