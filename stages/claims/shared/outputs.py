"""What a claim's command wrote, read back: all of it, or a line that says what is missing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.common.files.arrays import Arrays, load_arrays
from stages.common.files.atomic import StageError, one_line
from stages.common.files.paths import claim_arrays


@contextmanager
def written_by(claim: str, path: Path) -> Iterator[None]:
    """Raise ``StageError`` where what is read is not what the claim's command writes."""
    try:
        yield
    except (KeyError, ValueError, IndexError, TypeError) as error:
        reason = one_line(f"no {error.args[0]}" if isinstance(error, KeyError) else error)
        raise StageError(
            f"{path}: expected what the stage {claim} writes: {reason}; run dvc repro"
        ) from error


def read_arrays(claim: str, names: Iterable[str]) -> Arrays:
    """The arrays of a claim, by name; raises ``StageError`` if one of these is not among them."""
    path = claim_arrays(claim)
    arrays = load_arrays(path)
    with written_by(claim, path):
        for name in names:
            if name not in arrays:
                raise KeyError(name)
    return arrays
