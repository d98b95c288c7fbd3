"""The classes that the network tells apart, by the names that figures, page and predict call them.

Every other file knows a class by its number, from 0 on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.files.atomic import StageError, whole_file
from stages.common.files.paths import CLASSES

LONGEST = 12  # characters of a name: figures have room for so many
BRIEF = 3  # characters where there is no room for more
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Classes:
    """Their names, in the order of their numbers."""

    names: tuple[str, ...]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def __getitem__(self, label: int) -> str:
        """The name of a class."""
        return self.names[label]

    @property
    def noun(self) -> str:
        """What the network tells apart, in one word."""
        return "digit" if self.names == DIGITS else "class"

    @property
    def longest(self) -> int:
        """Characters of the longest name."""
        return max(map(len, self.names))

    def brief(self, label: int) -> str:
        """The name where there is no room: its beginning, or its number if others begin alike."""
        briefs = [name[:BRIEF].rstrip() for name in self.names]
        return briefs[label] if len(set(briefs)) == len(briefs) else str(label)

    def one(self, label: int) -> str:
        """An image of a class, in words: a 2, an 8, class A."""
        name = self.names[label]
        if self.noun == "digit":
            return f"an {name}" if name == "8" else f"a {name}"
        return f"class {name}"

    def many(self, label: int) -> str:
        """Images of a class, in words: 2s, images of class A."""
        name = self.names[label]
        return f"{name}s" if self.noun == "digit" else f"images of class {name}"


def numbered(count: int) -> Classes:
    """Classes that have no names but their numbers."""
    return Classes(tuple(map(str, range(count))))


def save_classes(classes: Classes) -> None:
    """Write the names, whole or not at all."""
    with whole_file(CLASSES) as path:
        path.write_text(json.dumps(classes.names, ensure_ascii=False) + "\n", encoding="utf-8")


def load_classes(count: int) -> Classes:
    """The names that ``normalize`` wrote for so many classes; numbers if there is no such file.

    Raises ``StageError`` for a file that holds anything else.
    """
    if not CLASSES.is_file():  # a network that was taken elsewhere without its data
        return numbered(count)
    try:
        names = json.loads(CLASSES.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StageError(f"{CLASSES}: expected JSON: {error}; run dvc repro") from error
    if not isinstance(names, list) or len(names) != count or not _are_names(names):
        raise StageError(
            f"{CLASSES}: expected {count} different names of 1 to {LONGEST} characters; "
            "run dvc repro"
        )
    return Classes(tuple(names))


def _are_names(names: Sequence[object]) -> bool:
    good = [isinstance(name, str) and is_name(name) for name in names]
    return all(good) and len(set(names)) == len(names)


def is_name(text: str) -> bool:
    """Whether a class may be called so."""
    return 1 <= len(text) <= LONGEST and text.isprintable() and text == text.strip()
