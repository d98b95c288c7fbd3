"""What the figures of several claims draw alike."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex

ORDER = LinearSegmentedColormap.from_list("order", ["#c9561a", "#a58a93", "#1d5fa8"])


def colours(names: list[str]) -> dict[str, str]:
    """A colour for each network, from orange (untrained) to blue (trained)."""
    steps = np.linspace(0, 1, len(names))
    return {name: to_hex(ORDER(step)) for name, step in zip(names, steps, strict=True)}
