"""A feedforward network that learns by backpropagation and stochastic gradient descent.

Only NumPy is used. The code is the mathematics of the lectures, one column for one example:

    a[0] = x,   z[l+1] = W[l] a[l] + b[l],   a[l+1] = s(z[l+1]),   C = mean cost of the columns

==================  ==================  ======================================================
symbol              shape               meaning
==================  ==================  ======================================================
B                                       examples in a batch
n_l                                     neurons in layer l; layer 0 is the input
activations[l]      (n_l, B)            a[l]: how bright each neuron is, for each example
zs[l]               (n_l, B)            z[l]: weighted inputs, before the squashing function s
deltas[l]           (n_l, B)            dC/dz[l]: the error of each neuron, for each example
weights[l]          (n_{l+1}, n_l)      W[l]: row j holds all the weights into neuron j
biases[l]           (n_{l+1},)          b[l]
parameters          (P,)                all weights, then all biases, in one vector
nabla               (P,)                dC/dparameters, in the same order
==================  ==================  ======================================================

Row j of ``weights[0]`` is an image of the input's size: what the j-th hidden neuron looks for.
Training runs in float32; the same code runs in float64 for checking gradients.
"""

from nn.backprop import Workspace, backprop, cost_of, feedforward, forward, gradient
from nn.dataset import Examples
from nn.functions import ACTIVATIONS, COSTS
from nn.gradcheck import GradientCheck, check_gradient
from nn.network import (
    INITIALIZERS,
    Network,
    layers_of,
    parameter_count,
    stacked,
    unstacked,
)
from nn.sgd import (
    SCHEDULES,
    SGD,
    Settings,
    evaluate,
    gradient_over,
    learning_rate_at,
    predict,
)

__all__ = [
    "ACTIVATIONS",
    "COSTS",
    "INITIALIZERS",
    "SCHEDULES",
    "SGD",
    "Examples",
    "GradientCheck",
    "Network",
    "Settings",
    "Workspace",
    "backprop",
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
