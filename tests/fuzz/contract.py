"""What must hold when a reader is given hostile bytes, and whether it does.

A target's function takes the bytes of one input. It returns if they are accepted, after seeing
that what came out is what went in, and raises one of ``REFUSALS`` if they are refused. Anything
else is a failure of the contract: another exception, a message of more than one line, a warning,
words on the log, or more memory at a time than the target's bound. ``verdict`` looks for all of
them.
"""

import logging
import tempfile
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from stages.common.files.atomic import StageError
from stages.common.images.wanted import Refused
from tests.fuzz.forms import Form

REFUSALS = (StageError, Refused)
MB = 1_000_000
LONGEST_MESSAGE = 1000  # letters


class Broken(AssertionError):  # noqa: N818 - what became of a promise
    """What a target promises does not hold."""


class Target(NamedTuple):
    """A reader: valid inputs to start from, how to change them, and a bound of memory.

    It may take ``base`` bytes at a time, and ``factor`` for each unit of the input's ``size``,
    which is its bytes unless said otherwise.
    """

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    form: Form
    base: float = MB
    factor: float = 10
    size: Callable[[bytes], int] = len


def verdict(target: Target, content: bytes, *, bounded: bool = True) -> tuple[str, int]:
    """``accepted`` or what it was refused with, and the most memory taken, in bytes.

    Raises ``Broken``, or whatever the reader let through, if a promise does not hold.
    """
    outcome, peak = _measured(target, content)
    most = target.base + target.factor * target.size(content)
    if bounded and peak > most:  # or has Python enlarged a table of its own just now?
        outcome, peak = _measured(target, content)
    if bounded and peak > most:
        raise Broken(f"{peak:,} bytes of memory for an input of {len(content):,}")
    return outcome, peak


def _measured(target: Target, content: bytes) -> tuple[str, int]:
    records = _Records()
    logging.getLogger().addHandler(records)
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outcome = _outcome(target, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not tracing:
            tracemalloc.stop()
        logging.getLogger().removeHandler(records)
    if records.said:
        raise Broken(f"on the log: {records.said}")
    return outcome, peak - before


class _Records(logging.Handler):
    """What would stand on the screen beside the error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("urllib3"):  # which has a handler that drops its words
            self.said.append(record.getMessage())


def _outcome(target: Target, content: bytes) -> str:
    try:
        target.read(content)
    except REFUSALS as error:
        message = str(error)
        if not message.isprintable() or len(message) > LONGEST_MESSAGE:
            raise Broken(f"not one short line: {message[:2000]!r}") from error
        return type(error).__name__
    return "accepted"


def require(holds: object, what: str) -> None:
    """Raise ``Broken`` unless it holds."""
    if not holds:
        raise Broken(what)


@contextmanager
def a_file(content: bytes, name: str = "input") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        yield path
