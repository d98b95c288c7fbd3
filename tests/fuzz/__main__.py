"""Try changed inputs on every reader, and print what became of them.

python -m tests.fuzz                                      all targets, 100,000 inputs, from a seed
python -m tests.fuzz --target model --runs 5000           one of them
python -m tests.fuzz --target model --guided --runs 5000  coverage decides; needs the group "fuzz"
"""

import gc
import multiprocessing
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random
from types import FunctionType
from typing import Annotated, NoReturn

import typer

from tests.fuzz.contract import verdict
from tests.fuzz.driver import KEPT, SLOW, Tally, tried
from tests.fuzz.forms import changed
from tests.fuzz.targets import TARGETS

READERS = ("stages.", "nn.", "PIL.", "http.", "urllib3.", "zipfile", "gzip", "json")
SHARE = 8  # inputs of another target for one of a slow one, which reads a whole run each time
ROW = "{:<14}{:>9}{:>10}{:>9}{:>8}{:>12}{:>8}{:>8}  {}"


MEASURED = "peak kB", "RSS MB", "s", ""


def main(
    target: Annotated[str, typer.Option(help=f"all, or one of {', '.join(TARGETS)}.")] = "all",
    runs: Annotated[int, typer.Option(min=1, help="Inputs, over all targets.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Decides the inputs.")] = 0,
    *,
    guided: Annotated[bool, typer.Option("--guided", help="Let atheris seek new code.")] = False,
) -> None:
    """Exit with 1 if an input broke a promise; such inputs are kept in .fuzz."""
    if target not in {"all", *TARGETS}:
        raise typer.BadParameter(f"expected all or one of {', '.join(TARGETS)}, got {target!r}")
    if guided:
        guide(target, runs, seed)
    names = [*TARGETS] if target == "all" else [target]
    weights = {name: 1 if name in SLOW else SHARE for name in names}
    print(
        ROW.format(
            "target", "inputs", "accepted", "refused", "broken", "peak kB", "RSS MB", "s", ""
        )
    )
    tallies = []
    for name, weight in weights.items():
        count = -(-runs * weight // sum(weights.values()))
        # A process each, so that one target's memory is not counted for the next.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            tallies.append(pool.submit(tried, name, count, seed).result())
        show(name, tallies[-1])
    everything = Tally(
        sum((tally.outcomes for tally in tallies), Counter()),
        [failure for tally in tallies for failure in tally.failures],
        max(tally.peak for tally in tallies),
        max(tally.resident for tally in tallies),
        sum(tally.seconds for tally in tallies),
    )
    show("all", everything)
    raise SystemExit(bool(everything.failures))


def show(name: str, tally: Tally) -> None:
    """Print a row of the table, and what was broken."""
    accepted, broken = tally.outcomes["accepted"], tally.outcomes["broken"]
    refused = {k: n for k, n in tally.outcomes.items() if k not in {"accepted", "broken"}}
    print(
        ROW.format(
            name,
            f"{tally.outcomes.total():,}",
            f"{accepted:,}",
            f"{sum(refused.values()):,}",
            f"{broken:,}",
            f"{tally.peak / 1000:,.0f}",
            f"{tally.resident / 1e6:,.0f}",
            f"{tally.seconds:,.0f}",
            ", ".join(f"{error} {count:,}" for error, count in sorted(refused.items())),
        ),
        *tally.failures[:20],
        sep="\n  ",
        flush=True,
    )


def guide(name: str, runs: int, seed: int) -> NoReturn:
    """Let atheris change the inputs, part by part, towards code that none has reached yet."""
    try:
        import atheris  # noqa: PLC0415 - optional
    except ImportError as error:
        raise typer.BadParameter("needs atheris: uv sync --group fuzz") from error
    if name == "all":
        raise typer.BadParameter("expected one --target")
    target, corpus = TARGETS[name], KEPT / f"{name}-corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, valid in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(valid)
        verdict(target, valid, bounded=False)

    def mutate(content: bytes, most: int, number: int) -> bytes:
        rng = Random(number)
        by_coverage = rng.random() < 0.5
        own = (lambda part: atheris.Mutate(part, len(part) + 64)) if by_coverage else None
        return changed(content, target.form, rng, own)[:most]

    for function in gc.get_objects():
        if isinstance(function, FunctionType) and str(function.__module__).startswith(READERS):
            atheris.instrument_func(function)
    options = [
        f"-runs={runs}",
        f"-seed={seed + 1}",
        f"-artifact_prefix={KEPT}/",
        "-timeout=0",
    ]
    atheris.Setup(
        [sys.argv[0], *options, "-max_len=65536", str(corpus)],
        lambda content: verdict(target, content, bounded=False),
        custom_mutator=mutate,
    )
    atheris.Fuzz()
    raise SystemExit


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    typer.run(main)
