"""Writing a file or a folder whole or not at all, and the error that a user can mend."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StageError(Exception):
    """Something the user can mend: the message says what was expected, what came, what to do."""


def one_line(text: object, most: int = 300) -> str:
    """A text of others as one printable line of at most so many letters, for a message."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return line if len(line) <= most else f"{line[: most - 3]}..."


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a sibling path to write to; on success it takes the place of ``path`` in one move.

    A reader sees the old file or the new one, never a half-written one; on an error the new one
    is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        _flush_to_disk(partial)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new, empty sibling folder to fill; on success it takes the place of ``path``."""
    partial = path.with_name(f".{path.name}.partial")
    old = path.with_name(f".{path.name}.old.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _flush_to_disk(file)
        if path.exists():  # a folder cannot take a full one's place: move the old one aside
            os.replace(path, old)
        os.replace(partial, path)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _flush_to_disk(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
