"""Read every test image with every export of the trained network, and with NumPy: same guesses?

python -m tests.tools.check_exports
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors import safe_open

from nn import Network
from nn.functions import Array
from stages.common.files.paths import NETWORK
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import Images, Preprocessing
from stages.common.models.model import Model, load_model
from stages.tools.export import FORMATS, export

IMAGES = Path("data/raw/t10k-images-idx3-ubyte")
TOLERANCE = 1e-5  # of an output, each between 0 and 1
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
COMPILERS = {
    "gcc, C99": ("gcc", "-std=c99", *WARNINGS),
    "g++, C++11": ("g++", "-x", "c++", "-std=c++11", *WARNINGS),
}

C_PROGRAM = """
#include <stdio.h>
#include "network.h"
int main(void) {
    uint8_t pixels[NETWORK_PIXELS];
    float out[NETWORK_CLASSES];
    while (fread(pixels, 1, NETWORK_PIXELS, stdin) == NETWORK_PIXELS) {
        float guess = (float)network_guess(pixels, out);
        fwrite(&guess, sizeof guess, 1, stdout);
        fwrite(out, sizeof out[0], NETWORK_CLASSES, stdout);
    }
    return 0;
}
"""
# On its standard input, images; on its output, for each the first guess and the outputs.
NODE_PROGRAM = """
import { readFileSync, writeSync } from "node:fs";
import { guesses, read } from "./network.mjs";
const [images, pixels] = [readFileSync(0), Number(process.argv[2])];
for (let start = 0; start < images.length; start += pixels) {
  const outputs = read(images.subarray(start, start + pixels));
  writeSync(1, new Uint8Array(Float32Array.of(guesses(outputs)[0], ...outputs).buffer));
}
"""

Answers = tuple[NDArray[np.intp], Array]  # guesses, (n,), and outputs, (n, classes)


def by_onnx(folder: Path, images: Images) -> Answers:
    """What onnxruntime says."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "network.onnx", options, providers=["CPUExecutionProvider"]
    )
    (outputs,) = session.run(["activations"], {"images": images})
    return outputs.argmax(axis=1), outputs


def by_safetensors(folder: Path, images: Images) -> Answers:
    """What NumPy says with the arrays and texts that the package safetensors reads."""
    with safe_open(folder / "network.safetensors", "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        texts = file.metadata()
    sizes = tuple(int(n) for n in texts["sizes"].split("-"))
    layers = range(len(sizes) - 1)
    ordered = [arrays[f"{kind}_{layer}"] for kind in ("weights", "biases") for layer in layers]
    parameters = np.concatenate([array.ravel() for array in ordered])
    network = Network(sizes, texts["activation"], texts["cost"], parameters)
    _, height, width = images.shape
    deskew, edges = (texts[name] == "true" for name in ("deskew", "edges"))
    scaling = arrays["scale"], arrays["offset"]
    preprocessing = Preprocessing(height, width, deskew, edges, *scaling)
    outputs = Model(network, preprocessing).outputs(images)
    return outputs.argmax(axis=1), outputs


def by_node(folder: Path, images: Images) -> Answers:
    """What Node says with the JavaScript module."""
    program = folder / "program.mjs"
    program.write_text(NODE_PROGRAM)
    pixels = images.shape[1] * images.shape[2]
    return answered(["node", str(program), str(pixels)], images)


def by_compiler(compiler: str) -> Callable[[Path, Images], Answers]:
    """What a program says that includes the C header."""

    def answers(folder: Path, images: Images) -> Answers:
        source, binary = folder / "program.c", folder / "program"
        source.write_text(C_PROGRAM)
        command = [*COMPILERS[compiler], "-O2", str(source), "-o", str(binary), "-lm"]
        subprocess.run(command, check=True)
        return answered([str(binary)], images)

    return answers


def answered(command: list[str], images: Images) -> Answers:
    """Give images to a program; take a guess and outputs for each, float32."""
    done = subprocess.run(command, input=images.tobytes(), capture_output=True, check=True)
    answers = np.frombuffer(done.stdout, "<f4").reshape(len(images), -1)
    return answers[:, 0].astype(np.intp), answers[:, 1:]


ORACLES: dict[str, tuple[str, Callable[[Path, Images], Answers]]] = {  # and what they read
    "onnxruntime": ("onnx", by_onnx),
    "safetensors": ("safetensors", by_safetensors),
    "node": ("javascript", by_node),
    **{name: ("c", by_compiler(name)) for name in COMPILERS},
}


def write(model: Model, formats: set[str], folder: Path) -> None:
    """Write a model in some formats, without a card."""
    for name in formats:
        file, make = FORMATS[name]
        (folder / file).write_bytes(make(model))


def differences(oracle: str, folder: Path, model: Model, images: Images) -> tuple[int, float]:
    """In how many guesses an export differs from NumPy, and by how much at most in an output."""
    expected = model.outputs(images)
    guesses, outputs = ORACLES[oracle][1](folder, images)
    assert guesses.shape == (len(images),)
    assert outputs.shape == expected.shape
    different = int((guesses != expected.argmax(axis=1)).sum())
    return different, float(np.abs(outputs - expected).max())


def main() -> None:
    """Compare all test images, print what came out, and exit with 1 if anything differs."""
    model, images = load_model(NETWORK), read_idx(IMAGES, dimensions=3)
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(folder=folder)
        for oracle in ORACLES:
            different, largest = differences(oracle, folder, model, images)
            print(
                f"{oracle}: {len(images) - different:,} of {len(images):,} guesses as NumPy's; "
                f"outputs differ by {largest:.1e} at most, {TOLERANCE:.0e} allowed"
            )
            wrong += different > 0 or largest > TOLERANCE
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
