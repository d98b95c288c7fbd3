"""What is known of a data set besides its images: whose they are, and what its labels mean.

``fetch`` writes it beside the files, and ``normalize`` beside the images that it has made ready.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stages.common.files.atomic import StageError, one_line, whole_file
from stages.common.files.paths import DATASET
from stages.common.images.classes import LONGEST, Classes, are_names, numbered


@dataclass(frozen=True)
class DatasetInfo:
    """A data set by the name that ``fetch.dataset`` gave it.

    After ``normalize`` labels count from 0, full ink is 255, nothing lies on its side, and every
    class has a name.
    """

    name: str
    classes: tuple[str, ...] = ()  # their names, in the order of their numbers; or none
    first_label: int = 0  # the label that becomes class 0
    labels: tuple[int, ...] = ()  # those that become classes 0, 1, ...; all others are left out
    levels: int = 0  # the grey level of full ink; 0: 255, and far less is a mistake
    transpose: bool = False  # whether rows and columns are swapped
    credit: str = ""  # whose images these are
    sums: dict[str, str] = field(default_factory=dict)  # of the files, as the catalog has them

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        with whole_file(path) as partial:
            partial.write_text(f"{text}\n", encoding="utf-8")


def load_dataset_info(path: Path) -> DatasetInfo:
    """What ``save`` has written; raises ``StageError`` if there is no such file, or another."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(values[name]) for name in ("classes", "labels")}
        return DatasetInfo(**{**values, **lists})
    except FileNotFoundError as error:
        raise StageError(f"{path}: no such file; run dvc repro") from error
    except (ValueError, TypeError, KeyError) as error:
        reason = one_line(error)
        raise StageError(f"{path}: expected a data set: {reason}; run dvc repro") from error


def load_known() -> DatasetInfo:
    """The data set of the images that are ready; one without a name if they are not here.

    A network may have been taken elsewhere without its data.
    """
    return load_dataset_info(DATASET) if DATASET.is_file() else DatasetInfo("")


def load_classes(count: int) -> Classes:
    """The names of so many classes, or their numbers if the network's data are not here.

    Raises ``StageError`` if others are known.
    """
    if not DATASET.is_file():
        return numbered(count)
    names = load_dataset_info(DATASET).classes
    if len(names) != count or not are_names(names):
        raise StageError(
            f"{DATASET}: expected {count} different names of 1 to {LONGEST} characters; "
            "run dvc repro"
        )
    return Classes(names)
