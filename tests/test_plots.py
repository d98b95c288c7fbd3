"""What `dvc plots` draws with: its page, and the rows that grow while a network trains."""

import csv
import re
from pathlib import Path

import pytest

from nn import SGD
from stages.common.files.paths import HISTORY
from stages.common.models.history import History
from tests.claims.shared import copied
from tests.plots.__main__ import PACKAGES, PAGE, TEMPLATE
from tests.sample import train_small


def test_the_page_is_made_of_its_source_and_the_named_packages() -> None:
    before, after = PAGE.read_text().split("{libraries}")
    template = TEMPLATE.read_text()
    assert template.startswith(before)
    assert template.endswith(after)
    programs = template[len(before) : -len(after)]
    assert re.findall(r"^<script>/\* (\S+) \*/$", programs, re.MULTILINE) == list(PACKAGES)
    assert programs.count("</script>") == len(PACKAGES)
    assert "{scripts}" not in template  # where DVC puts addresses of the network


def test_rows_are_there_while_a_training_runs_and_the_end_is_the_same_without_them(
    digits: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(digits, empty)
    seen: list[int] = []
    go_on = SGD.epoch

    def watched(sgd: SGD) -> None:
        text = HISTORY.read_text() if HISTORY.exists() else ""
        rows = list(csv.DictReader(text.splitlines()))
        assert [int(row["epoch"]) for row in rows] == list(range(len(rows)))
        seen.append(len(rows))
        go_on(sgd)

    monkeypatch.setattr("stages.common.models.history.LIVE", 1e9)
    with monkeypatch.context() as patch:
        patch.setattr(SGD, "epoch", watched)
        train_small(learning_rate=5, epochs=4)
    assert seen == [0, 2, 3, 4]
    live = HISTORY.read_bytes()
    monkeypatch.setattr(History, "flush", lambda _: None)
    train_small(learning_rate=5, epochs=4)
    assert HISTORY.read_bytes() == live


def test_rows_take_no_more_than_their_share_of_the_time(
    digits: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(digits, empty)
    written: list[int] = []
    clock = iter(range(10**6))  # every look at it is a second: each write takes one
    write = History.write_rows
    monkeypatch.setattr("stages.common.models.history.perf_counter", lambda: next(clock))
    monkeypatch.setattr("stages.common.models.history.LIVE", 0.25)

    def counted(history: History) -> None:
        written.append(len(history.rows))
        write(history)

    monkeypatch.setattr(History, "write_rows", counted)
    train_small(learning_rate=5, epochs=12)
    assert written[0] == 2
    assert written[-1] == 13
    assert 2 < len(written) < 12
