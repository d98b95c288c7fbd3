"""What this machine can hold: a network that is too large is refused before anything is made."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from nn import parameter_count
from stages.common.files.atomic import StageError

BYTES = 4  # of a parameter in float32
TRAINING = 3  # copies while a network learns: its parameters, their step and its velocity


def memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_memory(place: str, sizes: Sequence[int], copies: int) -> None:
    """Raise ``StageError`` if so many copies of a network's parameters cannot be in memory at once.

    ``place`` is the parameter to blame, as params.yaml names it: train.hidden.
    """
    _require(place, sizes, copies, memory(), "of memory")


def require_disk(place: str, sizes: Sequence[int], copies: int) -> None:
    """Raise ``StageError`` if so many copies cannot be on the disk of the current folder."""
    _require(place, sizes, copies, shutil.disk_usage(Path.cwd()).free, "free on the disk")


def _require(place: str, sizes: Sequence[int], copies: int, room: int, where: str) -> None:
    count = parameter_count(sizes)
    need = count * copies * BYTES
    if need > room:
        raise StageError(
            f"{place}: expected a network that fits into the {_gigabytes(room)} {where}, got "
            f"{'-'.join(str(n) for n in _few(sizes))}: {copies:,} times {count:,} parameters are "
            f"{_gigabytes(need)}; ask for fewer neurons, epochs or snapshots"
        )


def _few(sizes: Sequence[int]) -> Sequence[int | str]:
    return sizes if len(sizes) <= 8 else [*sizes[:4], "...", *sizes[-2:]]


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
