"""Node, for the page's modules that know no document."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

RUNNER = Path(__file__).with_name("page_core.mjs")

Node: TypeAlias = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def node() -> Node:
    """Run calls of the page's modules: node({"task": ..., ...}, ...) gives their results."""
    program = shutil.which("node")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node is missing; CI must not leave out the page's tests")
        pytest.skip("Node is not installed: apt install nodejs")

    def run(*calls: dict[str, Any]) -> list[Any]:
        answer = subprocess.run(
            [program, str(RUNNER)],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stderr
        assert not answer.stderr
        results: list[Any] = json.loads(answer.stdout)
        return results

    return run
