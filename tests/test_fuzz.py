"""Hostile bytes are accepted for what they are or refused in one line, whoever reads them."""

import json
import logging
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.files.atomic import StageError, one_line
from tests.fuzz import forms
from tests.fuzz.contract import MB, Broken, Target, verdict
from tests.fuzz.driver import SLOW, tried
from tests.fuzz.forms import changed
from tests.fuzz.targets import TARGETS

MANY, FEW = 100, 15  # inputs of a target, of one that reads a whole run


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)  # slow, and no test pulls the plug
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


def seed_of(name: str) -> bytes:
    return TARGETS[name].seeds()[0]


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_accepted_or_refused_with_nothing_worse(name: str) -> None:
    target, outcomes = TARGETS[name], set()
    seeds = target.seeds()
    outcomes |= {verdict(target, seed, bounded=False)[0] for seed in seeds}

    @settings(max_examples=FEW if name in SLOW else MANY, deadline=None, database=None)
    @given(st.sampled_from(seeds), st.integers(0, 2**64))
    def every(seed: bytes, number: int) -> None:
        outcomes.add(verdict(target, changed(seed, target.form, Random(number)))[0])

    every()
    assert "accepted" in outcomes
    assert len(outcomes) > 1, "nothing was refused"


# --- What the first runs have found --------------------------------------------------------------


def npy(header: str, payload: bytes = b"\0") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + payload


def replaced(name: str, old: bytes, new: bytes) -> bytes:
    content = seed_of(name)
    assert old in content
    return content.replace(old, new, 1)


def with_member(name: str, member: bytes, change: Callable[[bytes], bytes]) -> bytes:
    parts = forms.split_zip(seed_of(name))
    place = parts.index(member) + 1
    parts[place] = change(parts[place])
    return forms.join_zip(parts)


def with_packed_length(archive: bytes, length: int) -> bytes:
    entry = archive.index(b"PK\x01\x02") + 20
    return archive[:entry] + struct.pack("<I", length) + archive[entry + 4 :]


def cell(name: str, row: int, column: int, text: str) -> bytes:
    rows = [line.split(",") for line in seed_of(name).decode().splitlines()]
    rows[row][column] = text
    return "\n".join(",".join(line) for line in rows).encode()


def score(name: str, number: object) -> bytes:
    return json.dumps(json.loads(seed_of("metrics")) | {name: number}).encode()


HUGE = np.float32(3e38).tobytes()
FOUND: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a header that is a program": (
        "labelled",
        lambda: npy("{'descr': '|u1', 'shape': ((1,") + b"<>",
        "no array of numbers",
    ),
    "columns for rows": (
        "labelled",
        lambda: replaced("labelled", b"'fortran_order': False", b"'fortran_order': True "),
        "no array of numbers",
    ),
    "a header for Python 2": (
        "labelled",
        lambda: replaced("labelled", b"(3, 4)", b"(3L, 4)"),
        "no array of numbers",
    ),
    "snapshots that are a program": ("snapshots", lambda: npy("{'descr': ((1,"), "no array of"),
    "an array that is there twice": (
        "arrays",
        lambda: forms.join_zip([*forms.split_zip(seed_of("arrays"))] * 2),
        "it holds an array twice",
    ),
    "an array with two lengths": (
        "model",
        lambda: with_packed_length(seed_of("model"), 2**30),
        "it has two lengths for one array",
    ),
    "weights that overflow": (
        "model",
        lambda: with_member("model", b"weights_0.npy", lambda part: part[:128] + HUGE * 40),
        "parameters so large that outputs overflow",
    ),
    "a scale that overflows": (
        "model",
        lambda: with_member("model", b"scale.npy", lambda part: part[:128] + HUGE),
        "parameters so large that outputs overflow",
    ),
    "a long cell": ("table", lambda: seed_of("table") + b"x" * 140_000, "field larger than"),
    "a cell that makes all cells long": (
        "table",
        lambda: seed_of("table") + b"x" * 101 + b",1,1\n",
        "cells of at most 100 printable letters",
    ),
    "a table that is none": ("table", lambda: b"\x89PNG\r\n", "can't decode byte 0x89"),
    "an empty table": ("table", lambda: b"", "one or more complete rows"),
    "a colour in a table": (
        "table",
        lambda: b"\x1b[31m\n" + seed_of("table"),
        "one or more complete rows",
    ),
    "a guess that is no number": ("predictions", lambda: cell("predictions", 3, 1, "nan"), "guess"),
    "a guess that is no class": ("predictions", lambda: cell("predictions", 3, 1, "7"), "others"),
    "a guess between two": ("predictions", lambda: cell("predictions", 3, 1, "0.5"), "others"),
    "an output without end": ("predictions", lambda: cell("predictions", 3, 4, "inf"), "output_1"),
    "a count that is no number": ("confusion", lambda: cell("confusion", 1, 1, "nan"), "finite"),
    "a count below none": ("confusion", lambda: cell("confusion", 1, 1, "-1"), "each class"),
    "an epoch that is none": ("history", lambda: cell("history", 1, 0, "1e300"), "epochs 0, 1, 2"),
    "a cost without end": ("history", lambda: cell("history", 1, 2, "inf"), "column train_cost"),
    "brackets without end": ("metrics", lambda: b"[" * 100_000, "maximum recursion depth"),
    "a score too large": ("metrics", lambda: score("cost", 10**400), "too large"),
    "a score that is no number": ("metrics", lambda: score("accuracy", np.nan), "no finite number"),
    "zeros without end": ("codec", lambda: b"\0\xff" * 60_000, "got 15300000"),
    "words of a server": ("http", lambda: b"\x1b[31mHTTP/1.1\r\n\r\n", "failed (?[31mHTTP/1.1)"),
    "a cookie without an age": (
        "http",
        lambda: b"HTTP/1.1 500 Sorry\r\nSet-Cookie: a=b; Max-Age\r\n\r\n",
        "500",
    ),
    "many words of a server": ("http", lambda: b"A" * 5000 + b"\r\n\r\n", "AAA...)"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_refused_in_one_line(name: str) -> None:
    target_name, content, complaint = FOUND[name]
    target = TARGETS[target_name]
    verdict(target, target.seeds()[0], bounded=False)
    errors = []

    def read(content: bytes) -> None:
        try:
            target.read(content)
        except Exception as error:
            errors.append(str(error))
            raise

    assert verdict(target._replace(read=read), content())[0] != "accepted"
    assert complaint in errors[0]


def test_a_picture_takes_no_room_for_what_only_its_header_has() -> None:
    target = TARGETS["png"]
    for seed in target.seeds():
        place = seed.index(b"IDAT") - 4
        for length in (2**30, 2**32 - 1):  # of the packed pixels, where there are some dozens
            content = seed[:place] + struct.pack(">I", length) + seed[place + 4 :]
            verdict(target, seed, bounded=False)
            verdict(target, content)


# --- The instruments -----------------------------------------------------------------------------


def raising(error: Exception) -> Callable[[bytes], object]:
    def read(_: bytes) -> None:
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (raising(KeyError("x")), KeyError),
        (raising(StageError("two\nlines")), Broken),
        (raising(StageError("\x1b[31m")), Broken),
        (raising(StageError("x" * 2000)), Broken),
        (lambda _: np.zeros(3 * MB, np.uint8), Broken),
        (lambda _: logging.getLogger("PIL").warning("odd"), Broken),
        (lambda _: np.float32(3e38) * np.float32(10), RuntimeWarning),
    ],
)
def test_a_broken_promise_is_seen(
    read: Callable[[bytes], object],
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    planted = Target(read, lambda: [b"abc"], forms.WHOLE)
    with pytest.raises(error):
        verdict(planted, b"abc")
    monkeypatch.setitem(TARGETS, "planted", planted._replace(seeds=list))
    monkeypatch.setattr("tests.fuzz.driver.changed", lambda *_: b"abc")
    monkeypatch.setattr(Random, "choice", lambda *_: b"")
    tally = tried("planted", 1, 0)
    assert tally.outcomes == {"broken": 1}
    assert len([*(tmp_path / ".fuzz").iterdir()]) == 1


@pytest.mark.parametrize("name", ["ZIP", "PNG", "GZIP", "FIELDS", "WHOLE"])
def test_what_is_taken_apart_and_put_together_is_read_as_before(name: str) -> None:
    form: forms.Form = getattr(forms, name)
    targets = [target for target in TARGETS.values() if target.form is form]
    for target in targets:
        for seed in target.seeds():
            if form is forms.GZIP and not seed.startswith(b"\x1f\x8b"):
                continue
            again = form.join(form.split(seed))
            outcomes = [verdict(target, each, bounded=False)[0] for each in (again, seed)]
            assert outcomes[0] == outcomes[1]


def test_a_text_of_others_becomes_one_short_line() -> None:
    assert one_line(" a\n\tb \x1b[31m\u202e ") == "a b ?[31m?"
    assert one_line("x" * 400) == "x" * 297 + "..."
