"""The classes that the network tells apart, by the names that figures, page and predict call them.

Every other file knows a class by its number, from 0 on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


def are_names(names: Sequence[object]) -> bool:
    """Whether classes may be called so, each by another name."""
    good = [isinstance(name, str) and is_name(name) for name in names]
    return all(good) and len(set(names)) == len(names)


def is_name(text: str) -> bool:
    """Whether a class may be called so."""
    return 1 <= len(text) <= LONGEST and text.isprintable() and text == text.strip()
