"""Labelled examples, kept as compactly as they were stored and unpacked one batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.functions import Array
from nn.kernels import Workspace

Index: TypeAlias = slice | NDArray[np.intp]
Transform: TypeAlias = Callable[[Array, NDArray[Any]], object]  # (out, stored): (B, n_0), (B, ...)


def identity_transform(out: Array, stored: NDArray[Any]) -> None:
    """Copy stored inputs without changing them."""
    np.copyto(out, stored, casting="unsafe")


@dataclass(frozen=True, eq=False)
class Dataset:
    """N inputs with their classes.

    The network sees ``scale * stored + offset``, where ``stored`` is (N, n_0) of any number type
    and may be memory-mapped, and ``scale`` and ``offset`` are numbers or (n_0,). ``labels``, (N,),
    are classes counted from 0.
    """

    stored: NDArray[Any]
    labels: NDArray[np.integer]
    scale: Array | float = 1.0
    offset: Array | float = 0.0

    @cached_property
    def has_offset(self) -> bool:
        """Whether the offset changes anything."""
        return bool(np.any(self.offset))

    def __len__(self) -> int:
        """N, the number of examples."""
        return len(self.labels)

    def first(self, count: int) -> "Dataset":
        """The first ``count`` of them."""
        return replace(self, stored=self.stored[:count], labels=self.labels[:count])

    def load(self, rows: Index, work: Workspace, transform: Transform = identity_transform) -> None:
        """Read B inputs into ``work``, and targets that are 1 for the true class, else 0.

        ``transform`` may change what is stored on the way: that is where new examples are made of
        old, and where what is stored may have another width than the inputs. Scale and offset
        follow.
        """
        inputs = work.inputs
        if isinstance(rows, slice):
            transform(inputs, self.stored[rows])
        else:
            # The rows exist; with mode "raise", NumPy would gather them in one more buffer.
            self.stored.take(rows, axis=0, out=work.gathered, mode="clip")
            transform(inputs, work.gathered)
        np.multiply(inputs, np.asarray(self.scale, inputs.dtype), out=inputs)
        if self.has_offset:
            np.add(inputs, np.asarray(self.offset, inputs.dtype), out=inputs)
        np.equal(work.classes, self.labels[rows], out=work.targets)
