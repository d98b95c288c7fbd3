"""What the project installs: the locks' hashes, every licence, and known vulnerabilities.

    python -m tests.audit

Exit code 1 for a package with a known vulnerability or a lock that is not in order; 3 if some
packages could not be looked up, so that nothing is said about them; 0 if all is well.
"""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stages.common.runtime.imports import ROOT
from tests.pythons import UV

LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-dev.lock"
PARTS = {  # of pyproject.toml that each lock is made of
    LOCK: ("dependencies", "pip"),
    TEST_LOCK: ("dependencies", "pip", "dev", "cluster", "onnx"),
}
PIP_AUDIT = "pip-audit==2.10.1"  # in an environment of its own, made for the moment
UNCHECKED = 3
COPYLEFT = re.compile(r"GPL|General Public|MPL|Mozilla|\bE[PU]P?L\b|CDDL|MS-RL", re.IGNORECASE)
CLASSIFIER = "License :: "


def main() -> None:
    """Print the three parts; exit as the worst of them demands."""
    print_licences()
    print()
    good = [check_lock(lock) for lock in PARTS]
    raise SystemExit(max(audit(), int(not all(good)), key=lambda code: (code == 1, code)))


def check_lock(path: Path) -> bool:
    """Tell what a lock holds, or what is wrong with it; return whether it is in order."""
    text = path.read_text()
    wrong = list(lock_problems(text, [need for part in PARTS[path] for need in declared(part)]))
    for problem in wrong:
        print(f"{path.name}: {problem}")
    if not wrong:
        print(f"{path.name}: {len(pins(text))} packages, each with hashes, as pyproject.toml asks.")
    return not wrong


def declared(part: str) -> list[Requirement]:
    """The packages that pyproject.toml asks for: ``dependencies``, or a group of them."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = {**content["dependency-groups"], "dependencies": content["project"]["dependencies"]}
    return [Requirement(line) for line in lines[part] if isinstance(line, str)]


def pins(lock: str) -> dict[str, list[tuple[str, int]]]:
    """By name: each pinned version and the number of its hashes; some have one for each Python."""
    versions: dict[str, list[tuple[str, int]]] = {}
    for block in re.split(r"\n(?=\S)", lock.strip()):
        name, _, version = re.split(r"[ \\\n]", block)[0].partition("==")
        versions.setdefault(name, []).append((version, block.count("--hash=sha256:")))
    return versions


def lock_problems(lock: str, wanted: list[Requirement]) -> Iterator[str]:
    """What is wrong with a lock: a host or option in it, no hash, or not what is wanted."""
    if "://" in lock or re.search(r"^--?\w", lock, re.MULTILINE):
        yield "expected packages and hashes alone, got an address or an option"
    locked = pins(lock)
    for name, versions in locked.items():
        for version, hashes in versions:
            if not version or not hashes:
                yield f"{name} has no {'hash' if version else 'version'}; run make lock"
    for need in wanted:
        versions = locked.get(canonicalize_name(need.name), [])
        if not versions or not all(need.specifier.contains(version) for version, _ in versions):
            got = ", ".join(version for version, _ in versions) or "nothing"
            yield f"pyproject.toml asks for {need}, got {got}; run make lock"


def licence(package: Distribution) -> str:
    """What a package says of its licence, in its own words but for their length; or unknown."""
    metadata = package.metadata
    classifiers = metadata.get_all("Classifier") or []
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith(CLASSIFIER)]
    written = (metadata["License"] or "").strip().split("\n")[0]
    named = [name for name in named if name != "OSI Approved"]  # that is no licence
    return metadata["License-Expression"] or " and ".join(named) or written[:60] or "unknown"


def print_licences() -> None:
    """One line for each installed package; unknown and copyleft licences are marked."""
    packages = {package.metadata["Name"]: package for package in distributions()}
    needed = {canonicalize_name(need.name) for need in declared("dependencies")}
    marked = 0
    for name, package in sorted(packages.items(), key=lambda item: item[0].lower()):
        text = licence(package)
        mark = "unknown" if text == "unknown" else "copyleft" if COPYLEFT.search(text) else ""
        marked += bool(mark)
        direct = "direct" if canonicalize_name(name) in needed else ""
        print(f"{name:26} {package.version:14} {direct:6} {mark:8} {text}")
    print(f"\nLicences: {len(packages)} packages, {marked} marked as copyleft or unknown.")


def audit() -> int:
    """Look every package up, with pip-audit; say what was found, and what was not."""
    words = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(
        [UV, "tool", "run", "--quiet", PIP_AUDIT, "--requirement", str(TEST_LOCK), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = done.stderr.strip().rpartition("\n")[2]
        print(f"Vulnerabilities: NOT CHECKED, {PIP_AUDIT} gave no answer: {reason}")
        return UNCHECKED
    return verdict(packages)


def verdict(packages: list[dict[str, Any]]) -> int:
    """Tell what pip-audit found; a package that it skipped, which it forgives, is not well."""
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    hit = [package for package in packages if package.get("vulns")]
    for package in hit:
        names = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"Vulnerable: {package['name']} {package['version']}: {names}")
    checked = len(packages) - len(unknown)
    print(f"Vulnerabilities: {checked} of {len(packages)} packages looked up, {len(hit)} affected.")
    if unknown:
        print(f"NOT CHECKED, the advisory service did not know them: {', '.join(unknown)}")
    return 1 if hit else UNCHECKED if unknown or not packages else 0


if __name__ == "__main__":
    main()
