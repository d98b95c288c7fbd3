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
def whole_file(path: Path, mark: str = "") -> Iterator[Path]:
    """Yield a sibling path to write to; on success it takes the place of ``path`` in one move.

    A reader sees the old file or the new one, never a half-written one; on an error the new one
    is removed. Processes that may write the same file at once give a ``mark`` each.
    """
    partial = path.with_name(f".{path.name}{mark}.partial")
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            _flush_to_disk(partial)
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _flush_to_disk(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a new, empty sibling folder to fill; on success it takes the place of ``path``."""
    partial = path.with_name(f".{path.name}.partial")
    old = path.with_name(f".{path.name}.old.partial")
    with _named(path):
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            for each in (*partial.rglob("*"), partial):
                _flush_to_disk(each)
            if path.exists():  # a folder cannot take a full one's place: move the old one aside
                os.replace(path, old)
            os.replace(partial, path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            if old.exists() and not path.exists():  # stopped between the two moves
                os.replace(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
        _flush_to_disk(path.parent)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the system that names no file name this one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # NumPy counts what a full disk took, and gives no reason
            raise OSError(f"{path}: could not be written whole: {error}") from error
        if error.filename is None:
            error.filename = str(path)
        raise


def _flush_to_disk(path: Path) -> None:
    """Wait until the disk has a file's content, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
