"""Memory as vector instructions like it best."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE = 64  # bytes: one line of the cache, and the widest vector


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros that begins where a line of the cache begins.

    NumPy's own arrays begin at any multiple of 16 bytes. A vector that lies across two lines is
    read twice, and the products of a step take up to half as long again.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)
