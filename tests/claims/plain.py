"""Oracles without the project's code: sigmoid networks with squared errors, and intervals.

One image at a time in float64, after Nielsen 2015, chapter 2.
"""

from collections.abc import Sequence
from statistics import fmean, stdev

import numpy as np
from scipy.stats import t

from nn import Network
from stages.common.files.arrays import Floats

Layers = list[tuple[Floats, Floats]]  # weights (n_out, n_in) and biases (n_out,) of each layer


def layers_of(network: Network) -> Layers:
    """A network's weights and biases in float64."""
    pairs = zip(network.weights, network.biases, strict=True)
    return [(w.astype(np.float64), b.astype(np.float64)) for w, b in pairs]


def activations(layers: Layers, x: Floats) -> list[Floats]:
    """What every layer holds for one image, (n_0,), the image first."""
    outputs = [x]
    for w, b in layers:
        outputs.append(1 / (1 + np.exp(-(w @ outputs[-1] + b))))
    return outputs


def cost(layers: Layers, x: Floats, y: Floats) -> float:
    """The sum of squared errors of one image."""
    return float(((activations(layers, x)[-1] - y) ** 2).sum())


def gradient(layers: Layers, x: Floats, y: Floats) -> Layers:
    """Its derivatives by all weights and biases."""
    a, nabla = activations(layers, x), [(0 * w, 0 * b) for w, b in layers]
    error = 2 * (a[-1] - y) * a[-1] * (1 - a[-1])
    for place in reversed(range(len(layers))):
        nabla[place] = np.outer(error, a[place]), error
        error = layers[place][0].T @ error * a[place] * (1 - a[place])
    return nabla


def mean_gradient(layers: Layers, inputs: Floats, targets: Floats) -> Layers:
    """The mean of the gradients of images in columns, (n_0, B), with targets (n_L, B)."""
    single = [gradient(layers, x, y) for x, y in zip(inputs.T, targets.T, strict=True)]
    return [
        (mean([g[place][0] for g in single]), mean([g[place][1] for g in single]))
        for place in range(len(layers))
    ]


def mean(arrays: Sequence[Floats]) -> Floats:
    """The mean of arrays of one shape."""
    return np.asarray(sum(arrays) / len(arrays))


def flat(layers: Layers) -> Floats:
    """All weights, then all biases, as ``nn`` orders its parameters."""
    return np.concatenate([*(w.ravel() for w, _ in layers), *(b for _, b in layers)])


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of some values and its 95 % interval by Student's t."""
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5
    return fmean(values), fmean(values) - half, fmean(values) + half
