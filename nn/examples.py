"""Labelled examples, kept as compactly as they were stored and unpacked one batch at a time."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.backprop import Workspace
from nn.functions import Array

Rows: TypeAlias = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Examples:
    """N inputs with their classes.

    ``stored``, (N, n_0), of any number type, may be memory-mapped; the network sees
    ``scale * stored + offset``, each a number or (n_0,). ``labels``, (N,), are classes from 0.
    Bytes take a quarter of the memory of float32 and are read faster than they could be computed
    with: converting a batch costs less than fetching four times as much.
    """

    stored: NDArray[Any]
    labels: NDArray[np.integer]
    scale: Array | float = 1.0
    offset: Array | float = 0.0

    def __len__(self) -> int:
        """N, the number of examples."""
        return len(self.labels)

    def load(self, rows: Rows, work: Workspace) -> None:
        """Unpack B examples into ``work``: its inputs, and targets of 1 for the true class."""
        x = work.inputs
        np.multiply(self.stored[rows], self.scale, out=x, dtype=x.dtype, casting="unsafe")
        if np.any(self.offset):
            np.add(x, self.offset, out=x)
        classes = np.arange(len(work.targets), dtype=self.labels.dtype)
        np.equal(classes[:, np.newaxis], self.labels[rows], out=work.targets)
