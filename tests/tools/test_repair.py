"""What a killed DVC left half-written goes; whatever it can read stays."""

from pathlib import Path

import pytest

from stages.common.files.paths import LOCK
from stages.common.runtime.imports import ROOT
from stages.tools.repair import BUSY, repair

WHOLE = (ROOT / "dvc.lock").read_bytes()


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("content", [b"", WHOLE[:20], b"stages: {", b"\0" * 9, b"7"])
def test_a_half_written_lock_is_removed_in_one_line(
    content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    LOCK.write_bytes(content)
    repair()
    assert not LOCK.exists()
    assert capsys.readouterr().out.startswith("dvc.lock: half-written")


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("content", ["", '{"read": {"a": [{"pid"'])
def test_half_written_lists_of_busy_files_are_removed(content: str) -> None:
    BUSY.parent.mkdir(parents=True)
    BUSY.write_text(content)
    repair()
    assert not BUSY.exists()


def test_whole_books_stay_byte_for_byte(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repair()  # nothing there is nothing to repair
    BUSY.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((LOCK, WHOLE), (BUSY, b'{"read": {}}')):
        (empty / path).write_bytes(content)
        repair()
        assert (empty / path).read_bytes() == content
    assert capsys.readouterr().out == ""
