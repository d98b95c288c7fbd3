"""The sample of real digits under tests/data, as the tests use it."""

import gzip
import hashlib
from pathlib import Path

from stages.idx import read_idx, write_idx

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "tests/data"
FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}


def sample_as_raw(folder: Path, train: int, test: int) -> None:
    """Write the first images of the sample, uncompressed, as ``fetch`` would."""
    folder.mkdir(parents=True)
    for name, dimensions in FILES.items():
        path = folder / name
        path.write_bytes(gzip.decompress((SAMPLE / f"{name}.gz").read_bytes()))
        count = train if name.startswith("train") else test
        write_idx(path, read_idx(path, dimensions)[:count].copy())


def sums_and_lengths() -> dict[str, str | int]:
    """The parameters of ``fetch`` that describe the sample."""
    names = zip(("train_images", "train_labels", "test_images", "test_labels"), FILES, strict=True)
    parameters: dict[str, str | int] = {}
    for key, name in names:
        unpacked = gzip.decompress((SAMPLE / f"{name}.gz").read_bytes())
        parameters[f"{key}_bytes"] = len(unpacked)
        parameters[f"{key}_sha256"] = hashlib.sha256(unpacked).hexdigest()
    return parameters
