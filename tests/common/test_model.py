"""A model comes back as it was saved, and a file that is no model is refused without harm."""

import io
import pickle
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy
from numpy.typing import NDArray

from nn import Dataset, Network, predict
from stages.common.files.arrays import ArrayError, save_labelled
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.common.models.model import Model, as_examples, load_model, save_model

HEIGHT, WIDTH = 5, 4
MOST_MEMORY = 1_000_000  # bytes that refusing a file may take
IMAGES = np.random.default_rng(0).integers(256, size=(6, HEIGHT, WIDTH), dtype=np.uint8)

Arrays = dict[str, NDArray[Any]]
Change = Callable[[Arrays], object]


def a_model(
    scaling: str = "unit",
    *,
    deskew: bool = False,
    edges: bool = False,
    hidden: tuple[int, ...] = (3,),
) -> Model:
    plain = Preprocessing(HEIGHT, WIDTH, deskew, edges, *unit_scaling())
    seen = plain.see(IMAGES.reshape(len(IMAGES), -1))
    scale, offset = unit_scaling() if scaling == "unit" else standard_scaling(seen)
    sizes = (seen.shape[1], *hidden, 2)
    network = Network.random(sizes, "tanh", "cross_entropy", rng=np.random.default_rng(0))
    return Model(network, replace(plain, scale=scale, offset=offset))


def content_of(model: Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.npz")
        save_model(path, model)
        return path.read_bytes()


def arrays_of(model: Model) -> Arrays:
    with np.load(io.BytesIO(content_of(model))) as archive:
        return dict(archive)


def load(content: bytes) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.npz")
        path.write_bytes(content)
        return load_model(path)


def refusal(content: bytes) -> str:
    """The one line with which these bytes are refused, at no cost of memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ArrayError) as error:
            load(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(error.value)
    assert "network.npz: " in message
    assert "\n" not in message
    assert peak < MOST_MEMORY + 4 * len(content)
    return message


def npz(arrays: Arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def with_header(header: str, payload: bytes = b"") -> bytes:
    """An archive of one array, ``sizes``, whose header is this text."""
    text = header.encode().ljust(117) + b"\n"
    return zipped({"sizes.npy": npy.magic(1, 0) + struct.pack("<H", len(text)) + text + payload})


def header(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize("scaling", ["unit", "standard"])
@pytest.mark.parametrize("deskew", [False, True])
@pytest.mark.parametrize("hidden", [(), (3,), (1, 7)])
def test_a_model_comes_back_with_the_same_outputs_and_the_same_bytes(
    scaling: str, deskew: bool, hidden: tuple[int, ...]
) -> None:
    model = a_model(scaling, deskew=deskew, hidden=hidden)
    content = content_of(model)
    loaded = load(content)
    assert loaded.outputs(IMAGES).tobytes() == model.outputs(IMAGES).tobytes()
    assert loaded.network.parameters.tobytes() == model.network.parameters.tobytes()
    assert content_of(loaded) == content
    names = loaded.network.activation, loaded.network.cost, loaded.network.sizes
    assert names == ("tanh", "cross_entropy", (20, *hidden, 2))


def test_a_model_reads_images_as_the_pipeline_does(tmp_path: Path) -> None:
    model = a_model("standard", deskew=True)
    save_labelled(tmp_path, model.preprocessing.prepare(IMAGES), np.zeros(6, np.uint8))
    from_disk, _ = predict(model.network, as_examples(tmp_path, model.preprocessing))
    np.testing.assert_allclose(from_disk, model.outputs(IMAGES), rtol=1e-5)
    seen = model.preprocessing.inputs(IMAGES)
    plain, _ = predict(model.network, Dataset(seen.T, np.zeros(6, np.intp)))
    np.testing.assert_allclose(plain, from_disk, rtol=1e-5)
    assert [model.read(image) for image in IMAGES] == from_disk.argmax(axis=1).tolist()
    assert len(set(from_disk.argmax(axis=1))) == 2  # or reading always 0 would pass


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda a: a.pop("weights_1"), "no array 'weights_1'"),
        (lambda a: a.pop("sizes"), "no array 'sizes'"),
        (lambda a: a.pop("cost"), "no array 'cost'"),
        (lambda a: a.pop("offset"), "no array 'offset'"),
        (lambda a: a.update(weights_2=a["weights_1"]), "unexpected array 'weights_2'"),
        (lambda a: a.update({"a\nb": a["sizes"]}), r"unexpected array 'a\nb'"),
        (
            lambda a: a.update(weights_0=a["weights_0"].T.copy()),
            "weights_0: expected float32 (3, 20), got float32 (20, 3)",
        ),
        (lambda a: a.update(biases_0=a["biases_0"][:2]), "sizes (20, 3, 2) do not fit"),
        (lambda a: a.update(biases_1=a["biases_1"][None]), "biases_1: expected float32 (2,)"),
        (lambda a: a.update(biases_1=a["biases_1"].astype(">f4")), "biases_1.npy is no array"),
        (lambda a: a.update(weights_0=a["weights_0"].astype(float)), "expected float32 (3, 20)"),
        (lambda a: a.update(biases_0=np.array(["1", "2", "3"])), "expected float32 (3,)"),
        (lambda a: a["weights_0"].__setitem__((2, 3), np.nan), "weights_0.npy holds values"),
        (lambda a: a["biases_1"].__setitem__(0, -np.inf), "biases_1.npy holds values"),
        (lambda a: a.update(scale=np.array(np.nan, np.float32)), "scale.npy holds values"),
        (lambda a: a.update(scale=np.ones(3, np.float32)), "scale: expected float32 (20,)"),
        (lambda a: a.update(offset=np.array(0.0)), "offset: expected float32 ()"),
        (lambda a: a.update(deskew=np.array(1)), "deskew: expected bool ()"),
        (lambda a: a.update(image_shape=np.array([28, 28])), "do not fit images of 28 x 28"),
        (lambda a: a.update(image_shape=np.array([-5, -4])), "-5 x -4"),
        (lambda a: a.update(image_shape=np.array([20])), "image_shape: expected int64 (2,)"),
        (lambda a: a.update(sizes=np.array([20, 2**62, 2])), "do not fit"),
        (lambda a: a.update(sizes=np.array([20, -3, 2])), "do not fit"),
        (lambda a: a.update(sizes=np.array([20])), "unexpected array"),
        (lambda a: a.update(sizes=np.array([], np.int64)), "unexpected array"),
        (lambda a: a.update(sizes=np.array([20, 3.7, 2])), "sizes: expected int64 (3,)"),
        (lambda a: a.update(sizes=np.array([[20, 3, 2]])), "sizes: expected int64 (3,)"),
        (lambda a: a.update(sizes=np.array(["20", "3", "2"])), "sizes: expected int64 (3,)"),
        (lambda a: a.update(activation=np.array("step")), "expected one of"),
        (lambda a: a.update(activation=np.arange(3000)), "expected one of"),
        (lambda a: a.update(cost=np.array("mean")), "expected one of"),
        (lambda a: a.update(cost=np.array("x" * 100)), "no array of numbers or a short text"),
        (lambda a: a.update(cost=np.array("tanh\nnot one line")), "expected one of"),
        (
            lambda a: a.update(sizes=np.array([20, 3, 2], object)),
            "sizes.npy is no array of numbers",
        ),
        (lambda a: a.update(scale=np.array({"a": 1}, object)), "scale.npy is no array of numbers"),
        (lambda a: a.update(sizes=np.zeros(2, "i4,f4")), "no array of numbers or a short text"),
    ],
)
def test_an_array_that_is_not_a_model_s_is_refused(change: Change, complaint: str) -> None:
    arrays = arrays_of(a_model())
    change(arrays)
    assert complaint in refusal(npz(arrays))


def bomb() -> bytes:
    zeros = io.BytesIO()
    npy.write_array(zeros, np.zeros(5_000_000, np.float32))
    return zipped({"sizes.npy": zeros.getvalue()}, zipfile.ZIP_DEFLATED)


def overlap() -> bytes:
    """An archive whose directory names one array of 100 kB a hundred times."""
    content = zipped({"sizes.npy": b"\0" * 100_000})
    directory, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry, tail = content[directory:end], bytearray(content[end:])
    tail[8:16] = struct.pack("<HHI", 100, 100, 100 * len(entry))
    return content[:directory] + 100 * entry + bytes(tail)


def liar() -> bytes:
    """An archive whose directory promises 800 MB where the file holds 4 bytes."""
    content = bytearray(with_header(header("(200000000,)"), b"\0" * 4))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 128 + 800_000_000)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    {
        "empty": b"",
        "text": b"<html>not found</html>",
        "pickle": pickle.dumps({"weights": [1, 2]}),
        "an .npy": npy.magic(1, 0),
        "no arrays": zipped({}),
        "no array in it": zipped({"sizes.npy": b"hello"}),
        "empty array file": zipped({"sizes.npy": b""}),
        "pickle in it": zipped({"sizes.npy": pickle.dumps([20, 3, 2])}),
        "line break in a name": zipped({"a\nb": b"hello"}),
        "truncated": content_of(a_model())[:-30],
        "first half": content_of(a_model())[:700],
        "huge": with_header(header("(1000000000000,)")),
        "huge in two": with_header(header("(4294967296, 4294967296)")),
        "huge times zero": with_header(header("(0, 10000000000000000000000)")),
        "many dimensions": with_header(header("(" + 50 * "1," + ")"), b"\0" * 4),
        "negative": with_header(header("(-1, -1)"), b"\0" * 4),
        "open bracket": with_header(header("((1,")),
        "mixed keys": with_header("{'descr': '<f4', 3: 4}"),
        "unhashable key": with_header("{[]: 4}"),
        "deep": with_header("(" * 100 + ")" * 100),
        "old": with_header(header("(1L,)"), b"\0" * 4),
        "no type": with_header(header("(1,)", "'<q9'"), b"\0" * 4),
        "a type of many": with_header(header("(1,)", "[('a', '<f4'), ('b',)]"), b"\0" * 4),
        "long header": zipped(
            {"sizes.npy": npy.magic(1, 0) + struct.pack("<H", 20_000) + b" " * 20_000}
        ),
        "newer version": zipped({"sizes.npy": npy.magic(3, 0) + b"\0" * 8}),
        "zip bomb": bomb(),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_file_that_is_no_archive_of_plain_arrays_is_refused(content: tuple[str, bytes]) -> None:
    assert "run dvc repro" in refusal(content[1])


def test_a_compressed_archive_is_refused() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, sizes=np.random.default_rng(0).normal(size=100))
    assert "it is compressed" in refusal(file.getvalue())


def test_what_promises_more_than_the_file_holds_is_refused_before_it_is_read() -> None:
    for content in (liar(), overlap()):
        assert "it promises more than the file holds" in refusal(content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArrayError, match=r"network\.npz: no such file; run dvc repro"):
        load_model(tmp_path / "network.npz")


MODEL = content_of(a_model())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(MODEL) - 1), st.integers(1, 255)), max_size=4))
def test_a_damaged_model_is_refused_or_loads_with_nothing_worse(
    flips: list[tuple[int, int]],
) -> None:
    content = bytearray(MODEL)
    for place, flip in flips:
        content[place] ^= flip
    try:
        model = load(bytes(content))
    except ArrayError as error:
        assert "\n" not in str(error)  # noqa: PT017 - any other exception fails the test
    else:
        assert model.network.parameters.tobytes() == a_model().network.parameters.tobytes()


def test_every_bit_of_every_array_is_guarded() -> None:
    start = MODEL.index(a_model().network.weights[0].tobytes())
    for place in range(start, start + 40):
        content = bytearray(MODEL)
        content[place] ^= 1
        assert "CRC" in refusal(bytes(content))


def test_edges_must_be_those_of_the_images_and_of_the_network(tmp_path: Path) -> None:
    model = a_model(edges=True)
    grey, labels = IMAGES.reshape(6, -1), np.zeros(6, np.uint8)
    seen = model.preprocessing.see(grey)
    for edges, complaint in (
        (None, r"edges\.npy: .*run dvc repro"),
        (seen[:5], "6 images but edges of 5; run dvc repro"),
        (seen[:, 1:], f"expected {seen.shape[1]} edges of an image, got {seen.shape[1] - 1}; run"),
    ):
        save_labelled(tmp_path, grey, labels, edges)
        with pytest.raises(ArrayError, match=complaint):
            as_examples(tmp_path, model.preprocessing)
    save_labelled(tmp_path, grey, labels, seen)
    examples = as_examples(tmp_path, model.preprocessing)
    np.testing.assert_array_equal(examples.stored, seen, strict=True)
    assert as_examples(tmp_path, a_model().preprocessing).stored.shape == grey.shape
