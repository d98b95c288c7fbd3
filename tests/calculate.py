"""Every stage that calculates, one after the other in this process, on a few real digits.

python -X determinism=portable -m tests.calculate FOLDER

The report is left out: it takes five times as long as all others, and ``tests.identity`` makes it.
"""

from stages.common.runtime.cli import run  # first: it fixes the kernels, before NumPy is loaded

# isort: split
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.accuracy import as_options
from tests.sample import ROOT, module_of, sample_as_raw

LOAD = YAML(typ="safe").load
SMALL: dict[str, dict[str, Any]] = {
    "normalize": {"scaling": "standard", "deskew": True},
    "batch": {"validation": 50},
    "train": {"hidden": [100, 16], "epochs": 3, "learning_rate": 2},  # wide enough to be split
}


def main(folder: Path) -> None:
    """Run the stages with the parameters of tests/small.yaml, in the order of the pipeline."""
    sample_as_raw(folder / "data/raw", train=600, test=200)
    os.chdir(folder)
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"
    shutil.copyfile(ROOT / "params.yaml", "params.yaml")  # sweep reads what train has there
    params, small = LOAD(ROOT / "params.yaml"), LOAD(ROOT / "tests/small.yaml") | SMALL
    for stage in LOAD(ROOT / "dvc.yaml")["stages"]:
        if stage not in {"fetch", "report"}:
            sys.argv = [stage, *as_options(params.get(stage, {}) | small.get(stage, {}))]
            run(getattr(importlib.import_module(module_of(stage)), stage))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
