"""Every stage that calculates, one after the other in this process, on a few real digits.

python -m tests.calculate FOLDER

The pages are left out: ``tests.identity`` makes them.
"""

from stages.common.runtime.cli import run  # first: it fixes the kernels, before NumPy is loaded

# isort: split
import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.accuracy import as_options
from stages.common.files.paths import PARAMETERS, SCALE
from stages.common.runtime.imports import ROOT
from tests.pipelines import PARAMS, STAGES, load, module_of
from tests.sample import sample_as_raw

READ = (PARAMETERS, SCALE)  # what stages read besides their data
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
    for path in READ:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, path)
    small = load(ROOT / "tests/small.yaml") | SMALL
    for stage in STAGES:
        if stage not in {"fetch", "report", "chapters"}:
            sys.argv = [stage, *as_options(PARAMS.get(stage, {}) | small.get(stage, {}))]
            run(getattr(importlib.import_module(module_of(stage)), stage))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
