"""What every claim keeps: its options count, any network is shown, its words are measured."""

import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.claims.registry import CHAPTERS, CLAIMS
from stages.claims.shared.claim import Claim, Estimate, Verdict
from stages.common.files.atomic import StageError
from stages.common.files.paths import CLAIM_DATA
from stages.common.runtime.imports import ROOT, imports
from tests.claims.shared import (
    SHAPES,
    Case,
    copied,
    finding_and_figure_of,
    numbers_in,
    words_of,
)
from tests.pipelines import CLAIMS as STAGES
from tests.sample import call

CASES: dict[str, Case] = {
    claim.name: import_module(f"tests.claims.test_{claim.name}").CASE for claim in CLAIMS
}
BY_NAME = {claim.name: claim for claim in CLAIMS}
FOLDERS = ROOT / "stages/claims"
MOST_WORDS = 25  # of the plain sentence
AS_MEASURED = "as measured"


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    """The claim of this name."""
    return CASES[request.param]


each_claim = pytest.mark.parametrize("case", CASES, indirect=True)


def claim_of(case: Case) -> Claim:
    return BY_NAME[case.measure.__name__]


def test_every_folder_with_a_claim_is_in_the_book_once_and_its_command_in_the_pipeline() -> None:
    folders = {path.parent.name for path in FOLDERS.glob("*/claim.py")} - {"shared"}
    assert sorted(claim.name for claim in CLAIMS) == sorted(folders)
    assert len({chapter.name for chapter in CHAPTERS}) == len(CHAPTERS)
    for name, case in CASES.items():
        assert case.measure.__name__ == name
        module = f"stages.claims.{name}.measure"
        assert case.measure.__module__ == module
        assert module in STAGES[name]["cmd"].split()
        assert {str(path) for path in case.outputs} == {*STAGES[name]["outs"]}


@pytest.mark.parametrize("name", CASES)
def test_a_claim_imports_no_other_and_only_its_figure_draws(name: str) -> None:
    allowed = {f"stages.claims.{name}", "stages.claims.shared", "stages.page", "stages.common"}
    for path in (FOLDERS / name).glob("*.py"):
        ours = {module for module in imports(path) if module.startswith("stages.")}
        beyond = {"stages.claims", *allowed}
        assert {m for m in ours if not m.startswith((*allowed,))} <= beyond
        drawing = any(module.startswith("matplotlib") for module in imports(path))
        assert drawing == (path.name == "figure.py")


@pytest.mark.parametrize(
    ("case", "change"),
    [
        pytest.param(name, change, id=f"{name}-{change}")
        for name, case in CASES.items()
        for change in (AS_MEASURED, *case.variations)
    ],
    indirect=["case"],
)
@pytest.mark.usefixtures("folder")
def test_every_number_of_the_words_is_found_in_the_outputs(case: Case, change: str) -> None:
    if change != AS_MEASURED:
        call(case.measure, **{**case.options, **case.variations[change]})
    assert len(check_words(case)) > 8 or change != AS_MEASURED


def check_words(case: Case) -> set[str]:
    """Look at figure and words; return the numbers that the words hold."""
    finding, _ = finding_and_figure_of(claim_of(case))
    assert finding.verdict in Verdict
    assert finding.alt.startswith(finding.title)
    assert len(finding.alt) > len(finding.title) + 40
    claim = claim_of(case)
    assert re.fullmatch(r"[A-Z].*\.", claim.criterion)
    assert len(finding.plain.split()) <= MOST_WORDS
    assert finding.notes.count(". ") <= 1
    assert finding.plain.endswith((".", "?", "!"))
    assert finding.estimate.low <= finding.estimate.value <= finding.estimate.high
    assert not re.search(r"\b(nan|inf)\b", words_of(finding), re.IGNORECASE)
    numbers = numbers_in(words_of(finding))
    assert numbers <= case.known_numbers(finding), words_of(finding)
    return numbers


@pytest.mark.parametrize(
    ("case", "shape"),
    [
        pytest.param(name, shape, id=f"{name}-{shape}")
        for name, case in CASES.items()
        for shape in case.shapes
    ],
    indirect=["case"],
)
def test_any_network_is_measured_judged_and_drawn(
    case: Case, shape: str, random_runs: dict[str, Path], empty: Path
) -> None:
    copied(random_runs[shape], empty)
    call(case.measure, **{**case.options, **case.of_shape(SHAPES[shape])})
    check_words(case)


@each_claim
@pytest.mark.usefixtures("folder")
def test_every_option_changes_what_is_written_and_nothing_else_does(case: Case) -> None:
    def written(**changed: Any) -> tuple[bytes, ...]:
        call(case.measure, **{**case.options, **case.quick, **changed})
        return tuple(path.read_bytes() for path in case.outputs)

    assert {*case.changes, *case.unshaping} == {*case.options}
    first = written() if case.quick else tuple(path.read_bytes() for path in case.outputs)
    assert written(**case.unshaping) == first
    outputs = {first: "as they are"}
    for name, value in case.changes.items():
        output = written(**{name: value})
        assert output not in outputs, (name, outputs[output])
        outputs[output] = name


@each_claim
@pytest.mark.usefixtures("folder")
def test_an_output_that_is_missing_or_of_another_form_is_told_in_one_line(case: Case) -> None:
    for output in case.outputs:
        if not output.is_relative_to(CLAIM_DATA):
            continue  # other claims read it
        content = output.read_bytes()
        output.unlink()
        assert isinstance(refused(case, f"{output}: no such file").__cause__, FileNotFoundError)
        for damage in damages(output, content):
            damage()
            refused(case, f"{output}: ")
        output.write_bytes(content)
        claim_of(case).read()


def refused(case: Case, message: str) -> StageError:
    """The error with which a claim refuses its outputs."""
    with pytest.raises(
        StageError, match=rf"\A{re.escape(message)}[^\n]*; run dvc repro\Z"
    ) as caught:
        claim_of(case).read()
    return caught.value


def damages(output: Path, content: bytes) -> Iterator[Callable[[], object]]:
    """Ways to make an output what its command does not write: noise, or one without a part."""
    yield lambda: output.write_bytes(content[::-1])
    if output.suffix == ".npz":
        yield lambda: output.write_bytes(content[: len(content) // 2])
        with np.load(io.BytesIO(content)) as file:
            arrays = {name: file[name] for name in file.files}
        for name in arrays:
            rest = {other: array for other, array in arrays.items() if other != name}
            yield partial(np.savez, output, **rest)
    else:
        lines = content.decode().splitlines()
        yield lambda: output.write_text("\n".join(line.partition(",")[2] for line in lines))
        yield lambda: output.write_text(lines[0] + "\n")


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((99.9684, 99.9643, 99.9725), "99.9684 % (95 % interval 99.9643 to 99.9725, 2 networks)"),
        ((39.58, 18.75, 60.41), "40 % (95 % interval 19 to 60, 2 networks)"),
        ((0.7281, -0.791, 2.247), "0.7 % (95 % interval \N{MINUS SIGN}0.8 to 2.2, 2 networks)"),
        ((9.3e-4, 6.4e-4, 1.26e-3), "0.00093 % (95 % interval 0.00064 to 0.00126, 2 networks)"),
        ((6398.86, 6398.86, 6398.86), "6,399 % (2 networks)"),
    ],
)
def test_an_estimate_has_as_many_digits_as_its_interval_can_tell(
    numbers: tuple[float, float, float], text: str
) -> None:
    assert Estimate(*numbers, networks=2, unit="%").sentence == text
