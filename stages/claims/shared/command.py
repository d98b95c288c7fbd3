"""How a claim's command starts."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from stages.claims.shared.outputs import leave_out
from stages.common.files.paths import CLAIM_PIPELINE
from stages.common.images.outlook import NotInDataError
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT

OTHERS = ("siblings", "chapters")  # the stages of the claims' pipeline that are no claims


def run_claim(command: Callable[..., Any]) -> None:
    """Run a claim's command as ``run`` does; started by DVC, it says first which claim it is.

    What the images do not have leaves the claim out, and the others as they are.
    """
    if "DVC_STAGE" in os.environ and sys.argv[1:] != ["--help"]:
        print(headline(command.__name__), flush=True)
    run(or_left_out(command))


def or_left_out(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, which writes why it is left out if the images lack what it asks of them."""

    @wraps(command)
    def measured(*sections: Any) -> None:
        try:
            command(*sections)
        except NotInDataError as error:
            name = command.__name__
            leave_out([Path(out) for out in _stages()[name]["outs"]], str(error))
            print(f"left out: {error}")

    return measured


def headline(name: str) -> str:
    """Which of all claims this is, and what it does: claim 3 of 15, paths: ..."""
    stages = _stages()
    claims = [stage for stage in stages if stage not in OTHERS]
    return f"claim {claims.index(name) + 1} of {len(claims)}, {name}: {stages[name]['desc']}"


def _stages() -> dict[str, Any]:
    from ruamel.yaml import YAML

    stages: dict[str, Any] = YAML(typ="safe").load(ROOT / CLAIM_PIPELINE)["stages"]
    return stages
