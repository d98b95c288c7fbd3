"""How a claim's command starts."""

import os
import sys
from collections.abc import Callable
from typing import Any

from stages.common.files.paths import CLAIM_PIPELINE
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT

OTHERS = ("siblings", "chapters")  # the stages of the claims' pipeline that are no claims


def run_claim(command: Callable[..., Any]) -> None:
    """Run a claim's command as ``run`` does; started by DVC, it says first which claim it is."""
    if "DVC_STAGE" in os.environ and sys.argv[1:] != ["--help"]:
        print(headline(command.__name__), flush=True)
    run(command)


def headline(name: str) -> str:
    """Which of all claims this is, and what it does: claim 3 of 15, paths: ..."""
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(ROOT / CLAIM_PIPELINE)["stages"]
    claims = [stage for stage in stages if stage not in OTHERS]
    return f"claim {claims.index(name) + 1} of {len(claims)}, {name}: {stages[name]['desc']}"
