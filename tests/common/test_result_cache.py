"""What workers have done before a failure is not done again, and is cleared away in time."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.files.atomic import StageError
from stages.common.models.recipe import side_by_side
from stages.common.runtime import checkpoints
from stages.common.runtime.checkpoints import DAYS, ResultCache, folder_of, remove_old

CALLS = Path("calls")


def square(n: int, fails: int) -> tuple[int, Any]:
    """A job that writes down that it was done, and fails for one number."""
    if n == fails:
        raise StageError("broken")
    with CALLS.open("a") as file:
        file.write(f"{n}\n")
    return n * n, np.full(2, n)


def squares(cache: ResultCache, numbers: range, fails: int = -1) -> list[int]:
    jobs = [(n, fails) for n in numbers]
    return [result[0] for result in side_by_side(square, jobs, "squares", cache)]


@pytest.fixture
def data(empty: Path) -> Path:
    (empty / "data").write_text("1")
    return empty / "data"


def calls() -> list[int]:
    calls = [int(line) for line in CALLS.read_text().split()]
    CALLS.unlink()
    return calls


def test_a_job_that_was_done_is_not_done_again_though_there_are_more_now(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = ResultCache("squares", data)
    assert squares(cache, range(3)) == [0, 1, 4]
    assert calls() == [0, 1, 2]
    assert squares(ResultCache("squares", data), range(5)) == [0, 1, 4, 9, 16]
    assert calls() == [3, 4]
    assert "squares: 3 of 5 kept from a run before\n" in capsys.readouterr().out
    assert squares(ResultCache("squares", data), range(5)) == [0, 1, 4, 9, 16]
    assert not CALLS.exists()
    data.write_text("2")
    assert squares(ResultCache("squares", data), range(2)) == [0, 1]
    assert calls() == [0, 1]
    monkeypatch.setattr(checkpoints, "closure", lambda _module: [])
    assert squares(ResultCache("squares", data), range(2)) == [0, 1]
    assert calls() == [0, 1]


def test_what_was_done_before_a_failure_is_kept(data: Path) -> None:
    with pytest.raises(StageError):
        squares(ResultCache("squares", data), range(4), fails=2)
    assert calls() == [0, 1]
    with pytest.raises(StageError):
        squares(ResultCache("squares", data), range(4), fails=2)
    assert not CALLS.exists()


def test_a_damaged_result_is_made_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    squares(ResultCache("squares", data), range(3))
    calls()
    min(folder_of("squares").iterdir()).write_bytes(b"damaged")
    assert squares(ResultCache("squares", data), range(3)) == [0, 1, 4]
    assert len(calls()) == 1
    assert capsys.readouterr().err.count("damaged, so it is ignored") == 1


def test_clearing_removes_the_results_of_this_run_and_old_ones(data: Path) -> None:
    one, other = ResultCache("squares", data), ResultCache("squares", data)
    squares(one, range(2))
    squares(other, range(2, 4))
    one.clear()
    assert {*folder_of("squares").iterdir()} == other.used
    old, young = sorted(other.used)
    for path, days in ((old, DAYS + 1), (young, DAYS - 1)):
        os.utime(path, (time.time() - days * 86400,) * 2)
    remove_old(folder_of("squares"))
    assert [*folder_of("squares").iterdir()] == [young]
    other.clear()
    assert not (data.parent / ".checkpoints").exists()


def test_without_a_place_nothing_is_kept(data: Path) -> None:
    jobs = [(n, -1) for n in range(2)]
    assert side_by_side(square, jobs, "squares")[1][0] == 1
    assert not (data.parent / ".checkpoints").exists()
