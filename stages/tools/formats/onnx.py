"""The network as ONNX, preprocessing included: images of grey levels in, activations out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.functions import LEAK
from stages.common.files.atomic import StageError
from stages.common.images.edges import COLUMNS, GAINS, bands
from stages.common.images.preprocess import MOST_SLANT, Preprocessing
from stages.common.models.model import Model
from stages.tools.formats import OUTPUTS, metadata

# The oldest in which every operator here exists as it is used (softmax along an axis): runtimes of
# the end of 2020 and later read it.
OPSET, IR_VERSION = 13, 7
OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": LEAK}),
    "softmax": ("Softmax", {"axis": 1}),
}


def to_onnx(model: Model) -> bytes:
    """An ONNX file: ``images``, (N, height, width) uint8, to ``activations``, (N, n_L) float32.

    Raises ``StageError`` if the package onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper
    except ImportError as error:
        raise StageError(
            "onnx: the package onnx is not installed; pip install --group onnx"
        ) from error
    network, preprocessing = model.network, model.preprocessing
    graph = Graph()
    a = inputs(graph, "images", preprocessing)
    last = len(network.weights) - 1
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        names = graph.named(f"weights_{layer}", w), graph.named(f"biases_{layer}", b)
        z = graph.add("Gemm", a, *names, transB=1)
        name = network.activation if layer < last else OUTPUTS[network.cost]
        operator, attributes = OPERATORS[name]
        a = graph.add(operator, z, **attributes)
    graph.nodes[-1].output[0] = "activations"
    shape: list[int | str | None] = ["N", preprocessing.height, preprocessing.width]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, shape)
    outputs = helper.make_tensor_value_info(
        "activations", TensorProto.FLOAT, ["N", network.sizes[-1]]
    )
    made = helper.make_model(
        helper.make_graph(graph.nodes, "network", [images], [outputs], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="downhill",
    )
    helper.set_model_props(made, metadata(model))
    checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString(deterministic=True))


class Graph:
    """Nodes in their order, and the constants that they use."""

    def __init__(self) -> None:
        """Start with an empty graph."""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str | NDArray[Any], **attributes: Any) -> str:
        """Add a node; return the name of its output. Arrays among its inputs become constants."""
        from onnx import helper

        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [output], **attributes))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant without a name of its own."""
        return self.named(f"constant_{len(self.constants)}", array)

    def named(self, name: str, array: NDArray[Any]) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(array, name))
        return name


def inputs(graph: Graph, images: str, preprocessing: Preprocessing) -> str:
    """What the network sees, (N, inputs) float32."""
    from onnx import TensorProto

    grey = deskewed(graph, images, preprocessing) if preprocessing.deskew else images
    seen = edges(graph, grey, preprocessing) if preprocessing.edges else grey
    flat = graph.add("Cast", graph.add("Flatten", seen, axis=1), to=TensorProto.FLOAT)
    scaled = graph.add("Mul", flat, preprocessing.scale)
    return graph.add("Add", scaled, preprocessing.offset)


def deskewed(graph: Graph, images: str, preprocessing: Preprocessing) -> str:
    """``preprocess.deskew`` step by step: the same float64 arithmetic, the same levels."""
    from onnx import TensorProto

    add, height, width = graph.add, preprocessing.height, preprocessing.width
    y, x = (np.arange(n) - (n - 1) / 2 for n in (height, width))
    ink = add("Cast", images, to=TensorProto.DOUBLE)
    flat = add("Flatten", ink, axis=1)
    # Sums of whole quarters, hence exact in any order; each is (N, 1).
    mass, *sums = (
        add("MatMul", flat, np.outer(of_y, of_x).reshape(-1, 1))
        for of_y, of_x in ((y**0, x**0), (y, x**0), (y**0, x), (y, x), (y**2, x**0))
    )
    mass = add("Max", mass, real(1))
    y_mean, x_mean, product, y_square = (add("Div", total, mass) for total in sums)
    covariance = add("Sub", product, add("Mul", x_mean, y_mean))
    y_variance = add("Sub", y_square, add("Mul", y_mean, y_mean))
    slant = add(
        "Where",
        add("Greater", y_variance, real(1e-6)),
        add("Div", covariance, add("Max", y_variance, real(1e-6))),
        real(0),
    )
    slant = add("Clip", slant, real(-MOST_SLANT), real(MOST_SLANT))
    columns = add("Transpose", ink, perm=[0, 2, 1])
    upright = shifted(graph, columns, add("Add", y_mean, np.zeros((1, width))), height)
    rows = add("Transpose", upright, perm=[0, 2, 1])
    sideways = add("Add", x_mean, add("Mul", slant, y[np.newaxis]))
    straight = shifted(graph, rows, sideways, width)
    return add("Clip", add("Round", straight), real(0), real(255))


def shifted(graph: Graph, lines: str, by: str, length: int) -> str:
    """Each line, (N, lines, length), read ``by`` pixels further on, (N, lines)."""
    from onnx import TensorProto

    add, last_axis = graph.add, whole(2)
    floor = add("Floor", by)
    fraction = add("Unsqueeze", add("Sub", by, floor), last_axis)
    steps = add("Cast", add("Unsqueeze", floor, last_axis), to=TensorProto.INT64)
    first = add("Add", np.arange(length), steps)
    parts = []
    for share, place in (
        (add("Sub", real(1), fraction), first),
        (fraction, add("Add", first, whole(1))),
    ):
        inside = add(
            "And",
            add("GreaterOrEqual", place, np.array(0)),
            add("Less", place, np.array(length)),
        )
        places = add("Clip", place, np.array(0), np.array(length - 1))
        read = add("GatherElements", lines, places, axis=2)
        parts.append(add("Mul", share, add("Where", inside, read, real(0))))
    return add("Add", *parts)


def edges(graph: Graph, grey: str, preprocessing: Preprocessing) -> str:
    """``stages.common.images.edges.edges_of`` step by step, and its levels rounded; (N, H, W)."""
    from onnx import TensorProto

    add = graph.add
    sides = preprocessing.height, preprocessing.width
    vertical, horizontal = (bands(side, np.dtype(np.float64)) for side in sides)
    ink = add("Cast", grey, to=TensorProto.DOUBLE)
    right = add("MatMul", vertical.smooth, add("MatMul", ink, horizontal.differ.T))
    down = add("MatMul", vertical.differ, add("MatMul", ink, horizontal.smooth.T))
    left, up, flat, steep = add("Neg", right), add("Neg", down), add("Abs", right), add("Abs", down)
    parts = (
        add("Sub", right, steep),
        add("Min", right, down),
        add("Sub", down, flat),
        add("Min", left, down),
        add("Sub", left, steep),
        add("Min", left, up),
        add("Sub", up, flat),
        add("Min", right, up),
    )
    maps = []
    for part, gain in zip(parts, GAINS.tolist(), strict=True):
        kept = add("MatMul", add("Max", part, real(0)), horizontal.thin.T)
        level = add("Mul", add("MatMul", vertical.thin, kept), real(gain))
        maps.append(add("Round", add("Sqrt", add("Min", level, real(255 * 255)))))
    rows = [add("Concat", *maps[k : k + COLUMNS], axis=2) for k in range(0, len(maps), COLUMNS)]
    return add("Concat", *rows, axis=1)


def whole(number: int) -> NDArray[np.int64]:
    """A list of one whole number, as operators take axes."""
    return np.array([number])


def real(number: float) -> NDArray[np.float64]:
    """A number in float64."""
    return np.array(number, np.float64)
