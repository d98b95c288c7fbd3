"""The locks are in order, the audit does not forgive, and every dependency has its reason."""

import re
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from stages.common.runtime.imports import ROOT
from tests.audit import (
    COPYLEFT,
    PARTS,
    UNCHECKED,
    check_lock,
    declared,
    licence,
    lock_problems,
    pins,
    verdict,
)

HASH = " \\\n    --hash=sha256:" + "0" * 64
OLDER = f"numpy==2.4.0 ; python_full_version < '3.12'{HASH}\n"
GOOD = f"{OLDER}numpy==2.5.0{HASH}{HASH}\ntyper==1.0{HASH}\n"
WANTED = [Requirement("numpy>=2.2")]


@pytest.mark.parametrize("lock", PARTS)
def test_each_lock_is_in_order(lock: Path) -> None:
    assert check_lock(lock)


def test_a_good_lock_has_no_problem() -> None:
    assert list(lock_problems(GOOD, WANTED)) == []


def test_the_tests_run_with_the_versions_of_a_plain_make() -> None:
    """`make test` adds to the environment of `make`, and changes nothing in it."""
    running, testing = (set(re.split(r"\n(?=\S)", lock.read_text().strip())) for lock in PARTS)
    assert running < testing
    added = {block.partition("==")[0] for block in testing - running}
    assert {"pytest", "ruff", "mypy", "playwright", "onnxruntime", "uv"} <= added


@pytest.mark.parametrize(
    ("lock", "wanted", "problem"),
    [
        (GOOD + "typer==0.20\n", WANTED, "typer has no hash"),
        (GOOD + f"typer{HASH}\n", WANTED, "typer has no version"),
        (f"--index-url somewhere\n{GOOD}", WANTED, "an address or an option"),
        (GOOD + f"x @ https://example.org/x.whl{HASH}\n", WANTED, "an address or an option"),
        (GOOD, [Requirement("numpy>=2.5")], "asks for numpy>=2.5, got 2.4.0, 2.5.0"),
        (GOOD, [Requirement("pandas")], "asks for pandas, got nothing"),
    ],
)
def test_a_lock_that_is_not_in_order_is_told(
    lock: str, wanted: list[Requirement], problem: str
) -> None:
    assert any(problem in line for line in lock_problems(lock, wanted))


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 packages looked up, 0 affected"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "X-7"}]}], 1, "Vulnerable: a 1: X-7"),
        ([{"name": "a", "skip_reason": "not found"}], UNCHECKED, "NOT CHECKED"),
        ([], UNCHECKED, "0 of 0"),
    ],
)
def test_nothing_passes_that_was_not_looked_up(
    packages: list[dict[str, Any]], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(packages) == code
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("header", "value", "expected", "copyleft"),
    [
        ("License-Expression", "MIT", "MIT", False),
        ("License-Expression", "MPL-2.0 AND MIT", "MPL-2.0 AND MIT", True),
        ("License", "LGPLv3\nand more", "LGPLv3", True),
        ("Classifier", "License :: OSI Approved :: BSD License", "BSD License", False),
        ("Classifier", "License :: OSI Approved", "unknown", False),
    ],
)
def test_licences_are_read_wherever_they_are_said(
    header: str, value: str, expected: str, copyleft: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = Message()
    metadata[header] = value
    monkeypatch.setattr(Distribution, "metadata", metadata)
    assert licence(Distribution.at(ROOT)) == expected
    assert bool(COPYLEFT.search(expected)) == copyleft


def test_every_dependency_and_no_other_is_justified() -> None:
    document = (ROOT / "docs/reliability.md").read_text()
    section = document.partition("## What is installed")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert sorted(named) == sorted(need.name for need in declared("dependencies"))


@pytest.mark.parametrize("lock", PARTS)
def test_every_python_gets_the_same_versions(lock: Path) -> None:
    """Another NumPy gives other bytes."""
    assert all(len(versions) == 1 for versions in pins(lock.read_text()).values())
