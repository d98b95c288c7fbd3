"""What NumPy is asked for while a network learns, and how large the arrays are that it holds.

Nothing here is a formula: the arrays of a descent are replaced by some that count what is done
with them, and the bytes are those of the buffers that were allocated.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Network, Workspace

HOLDERS = (SGD, Network, Workspace)  # whose attributes are what a descent holds


@dataclass
class Tally:
    """Calls of NumPy, and the multiplications of its products of matrices."""

    calls: int = 0
    multiplications: int = 0

    def count(self, function: Callable[..., Any], operands: Sequence[Any]) -> None:
        """One more call."""
        self.calls += 1
        if function in (np.dot, np.matmul) and all(a.ndim == 2 for a in operands[:2]):
            left, right = operands[:2]
            self.multiplications += left.size * right.shape[1]


class Counted(np.ndarray[Any, Any]):
    """An array whose functions are counted in ``tally``, as are those of its views."""

    tally: Tally | None = None

    def __array_finalize__(self, origin: Any) -> None:
        """A view counts where its origin does."""
        self.tally = getattr(origin, "tally", None)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] = (), **kwargs: Any
    ) -> Any:
        """Count, and do as with plain arrays."""
        if self.tally:
            self.tally.count(ufunc, inputs)
        if out:
            kwargs["out"] = tuple(plain(each) for each in out)
        return getattr(ufunc, method)(*(plain(each) for each in inputs), **kwargs)

    def __array_function__(
        self, function: Callable[..., Any], _types: Any, args: Any, kwargs: Any
    ) -> Any:
        """Count, and do as with plain arrays."""
        if self.tally:
            self.tally.count(function, args)
        return function(
            *(plain(each) for each in args), **{name: plain(v) for name, v in kwargs.items()}
        )


def plain(value: Any) -> Any:
    """The same without counting."""
    return value.view(np.ndarray) if isinstance(value, Counted) else value


def watch(holder: Any, tally: Tally) -> None:
    """Let all arrays that a descent holds count in ``tally`` what is done with them."""
    for name, value in vars(holder).items():
        setattr(holder, name, watched(value, tally))


def watched(value: Any, tally: Tally) -> Any:
    """A value whose arrays count; they share their memory with those that did not."""
    if isinstance(value, np.ndarray):
        array = value.view(Counted)
        array.tally = tally
        return array
    if isinstance(value, list):
        return [watched(each, tally) for each in value]
    if isinstance(value, dict):
        return {key: watched(each, tally) for key, each in value.items()}
    if isinstance(value, HOLDERS):
        watch(value, tally)
    return value


def held_bytes(holder: Any) -> int:
    """Bytes of all buffers that a descent holds, each once however many views there are of it."""
    buffers = {id(each): each for each in (buffer_of(array) for array in arrays_of(holder))}
    return sum(buffer.nbytes for buffer in buffers.values())


def arrays_of(value: Any) -> Iterator[NDArray[Any]]:
    """All arrays that a descent holds."""
    if isinstance(value, np.ndarray):
        yield value
        return
    parts = vars(value) if isinstance(value, HOLDERS) else value
    for part in parts.values() if isinstance(parts, dict) else parts:
        if isinstance(part, (np.ndarray, list, dict, *HOLDERS)):
            yield from arrays_of(part)


def buffer_of(array: NDArray[Any]) -> NDArray[Any]:
    """The array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
