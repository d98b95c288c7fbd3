"""Which files run with a module: never fewer than Python itself loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.common.runtime import imports as module
from stages.common.runtime.imports import ROOT, closure, imports

LOADED = """
import importlib, sys
importlib.import_module(sys.argv[1])
for found in [*sys.modules.values()]:
    print(getattr(found, "__file__", None))
"""


@pytest.mark.parametrize(
    "name", ["stages.train", "stages.report", "stages.claims.sweep.measure", "stages.tools.check"]
)
def test_what_python_loads_is_in_the_closure(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, name], cwd=ROOT, check=True, capture_output=True, text=True
    )
    loaded = {Path(line) for line in done.stdout.splitlines() if line != "None"}
    own = {path for path in loaded if path.parts[: len(ROOT.parts) + 1][-1] in {"nn", "stages"}}
    assert ROOT / f"{name.replace('.', '/')}.py" in own
    assert own <= closure(name)


def test_imports_inside_of_functions_count_and_packages_come_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "a/__init__.py": "",
        "a/one.py": "def f():\n    from b.inner import two\n",
        "b/__init__.py": "import c.four",
        "b/inner/__init__.py": "",
        "b/inner/two.py": "import numpy",
        "b/inner/three.py": "",
        "c/__init__.py": "",
        "c/four.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert closure("a.one") == {tmp_path / name for name in files} - {tmp_path / "b/inner/three.py"}


def test_an_import_that_begins_with_a_dot_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("from . import b")
    with pytest.raises(ValueError, match="line 1"):
        imports(tmp_path / "a.py")
