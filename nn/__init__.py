"""A feedforward network that learns by backpropagation and stochastic gradient descent.

Only NumPy is used. The code is the mathematics of the lectures, one column for one example:

    a[0] = x,   z[l] = W[l] a[l] + b[l],   a[l+1] = s(z[l]),   C = mean cost of the columns

==================  ==================  ======================================================
symbol              shape               meaning
==================  ==================  ======================================================
B                                       examples in a batch
n_l                                     neurons in layer l, from the input, 0, to the output, L
activations[l]      (n_l, B)            a[l]: how bright each neuron is, for each example
weights[l]          (n_{l+1}, n_l)      W[l]: row j holds all the weights into neuron j
biases[l]           (n_{l+1},)          b[l]
zs[l]               (n_{l+1}, B)        z[l]: weighted inputs, before the activation function s
slopes[l]           (n_{l+1}, B)        s'(z[l]): how far a neuron moves when its z does
deltas[l]           (n_{l+1}, B)        dC/dz[l]: the error of each neuron, for each example
parameters          (P,)                all weights, then all biases, in one vector
nabla               (P,)                dC/dparameters, in the same order
==================  ==================  ======================================================

Row j of ``weights[0]`` is an image of the input's size: what the j-th hidden neuron looks for.
Training runs in float32; the same code runs in float64 for checking gradients. Read in this order:
``functions``, ``network``, ``backprop`` (with ``kernels`` beneath it), ``dataset``, ``sgd``,
``evaluation``, ``gradcheck``.
"""

from nn.backprop import backpropagate, cost_of, feedforward, forward, gradient
from nn.dataset import Dataset
from nn.evaluation import evaluate, gradient_over, predict
from nn.functions import ACTIVATIONS, COSTS
from nn.gradcheck import GradientCheck, check_gradient
from nn.kernels import Workspace
from nn.network import (
    INITIALIZERS,
    Network,
    layers_of,
    parameter_count,
    stacked,
    unstacked,
)
from nn.sgd import SCHEDULES, SGD, Settings, learning_rate_at

__all__ = [
    "ACTIVATIONS",
    "COSTS",
    "INITIALIZERS",
    "SCHEDULES",
    "SGD",
    "Dataset",
    "GradientCheck",
    "Network",
    "Settings",
    "Workspace",
    "backpropagate",
    "check_gradient",
    "cost_of",
    "evaluate",
    "feedforward",
    "forward",
    "gradient",
    "gradient_over",
    "layers_of",
    "learning_rate_at",
    "parameter_count",
    "predict",
    "stacked",
    "unstacked",
]
