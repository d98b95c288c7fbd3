"""The Pythons here that the project runs on: python -m tests.pythons prints the newest."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

from stages.common.runtime.imports import ROOT

UV = ROOT / ".uv/bin/uv"


def environment() -> dict[str, str]:
    """This process's, in which uv also finds the Pythons that pyenv has, active or not."""
    more = sorted(Path.home().glob(".pyenv/versions/*/bin"))
    return os.environ | {"PATH": os.pathsep.join([*map(str, more), os.environ["PATH"]])}


def installed() -> dict[str, Path]:
    """The interpreter of each version inside the range of pyproject.toml, the oldest first."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    words = ("python", "list", "--only-installed", "--no-config", "--output-format", "json")
    done = subprocess.run(
        [UV, *words, f"cpython{wanted}"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    pythons: dict[str, Path] = {}
    for each in json.loads(done.stdout):
        pythons.setdefault(each["version"], Path(each["path"]))
    return dict(sorted(pythons.items(), key=lambda item: [*map(int, item[0].split("."))]))


if __name__ == "__main__":
    print([*installed().values()][-1])
