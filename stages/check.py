"""Look at every parameter of params.yaml before anything runs: no stage, no DVC, no output.

    make check, or python -m stages.check

DVC removes a stage's outputs before it starts the stage, so that a stage which refuses its
parameters has lost them (they stay in DVC's cache). `make` looks here first; `dvc repro` does not.

What one value may be is said once, by the options of the stage's command line, and how values go
together by the ``check`` functions beside the stages: both are called here as the stages call
them. Two things a stage cannot see, and are looked for here alone: a key that is not there, and a
value of another type, such as "3" for 3, for DVC hands all values on as texts.
"""

import difflib
import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from stages import (
    DETERMINISM,
    amount,
    architecture,
    augment,
    averaging,
    batch,
    hebb,
    layers,
    memorize,
    minima,
    paths,
    smoothness,
    train,
    twos,
    wishes,
)
from stages.files import StageError
from stages.options import Parameter, as_yaml, parameters_of, problem_of

PARAMETERS, PIPELINE = Path("params.yaml"), Path("dvc.yaml")
RAW = Path("data/raw")
MOST_BYTES, MOST_DEPTH, MOST_VALUES = 100_000, 10, 10_000  # of params.yaml; now 10 kB, 3 and 300
IMAGES_HEAD, LABELS_HEAD = 16, 8  # bytes in front of IDX images and labels
FEWEST_CLASSES = 2  # that a network is asked to tell apart, as long as no labels are there

Sections = dict[str, dict[str, Any]]


class Data(NamedTuple):
    """What is known of the images before they are there, and the rest once they are."""

    train: int  # images, with those that will be set aside
    pixels: int  # of an image
    shape: tuple[int, int] | None  # height and width
    train_labels: NDArray[np.uint8] | None  # (train,)
    test_labels: NDArray[np.uint8] | None  # (test,)

    @property
    def classes(self) -> int:
        """How many classes there are, or the fewest that there can be."""
        return FEWEST_CLASSES if self.train_labels is None else 1 + int(self.train_labels.max())


def main() -> int:
    """Print one line for each problem; return 2 if there is one, as for a wrong option."""
    try:
        values, problems = read(PARAMETERS)
        if values is not None or not problems:
            problems = problems_of(values) or problems
    except OSError as error:
        problems = [f"{error.filename}: {error.strerror}"]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        print(f"{PARAMETERS}: every parameter is one that its stage takes")
    return 2 if problems else 0


# --- from the file to values


def read(path: Path) -> tuple[Any, list[str]]:
    """The values of a YAML file as DVC reads them, or None; and what is wrong with the file."""
    length = path.stat().st_size
    if length > MOST_BYTES:
        return None, [f"{path}: expected at most {MOST_BYTES:,} bytes, got {length:,}"]
    content = path.read_bytes()
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [f"{path}, line {line}: expected UTF-8, got byte {content[error.start]:#x}"]
    try:
        refuse_bombs(text)
        return _load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [f"{path}, line {mark.line + 1}, column {mark.column + 1}: {error.problem}"]
    except (YAMLError, StageError) as error:
        return None, [f"{path}: {' '.join(str(error).split())}"]


def _load(text: str) -> tuple[Any, list[str]]:
    try:
        return YAML(typ="safe").load(text), []
    except (ValueError, KeyError):  # a day 99, a number of 5,000 digits, !!bool x
        values = _readable(YAML(typ="safe").compose(text))
        return values, [f"{PARAMETERS}: expected values, got a key that YAML cannot read"]


class UnreadableText(str):
    """The text of a scalar that YAML cannot make into a value: no type of a parameter."""

    __slots__ = ()


def _readable(node: Node) -> Any:
    """What a node stands for, with the bare text where it cannot be made into a value."""
    with suppress(ValueError, KeyError):  # a reader that has failed is not used again
        return YAML(typ="safe").constructor.construct_object(node, deep=True)
    if isinstance(node, MappingNode):
        return {str(key.value): _readable(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_readable(value) for value in node.value]
    return UnreadableText(node.value)


def refuse_bombs(text: str) -> None:
    """Raise ``StageError`` for a text that unfolds to more than parameters can be.

    Aliases of aliases grow as powers (the "billion laughs"), and brackets in brackets end YAML's
    reader, written in C, with a crash. Counted event by event, before anything is built.
    """
    unfolded: dict[str, int] = {}  # values below each anchor
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and values that came before
    count = 0
    for event in YAML(typ="safe").parse(text):
        if isinstance(event, AliasEvent):
            if any(event.anchor == anchor for anchor, _ in open_nodes):
                raise StageError(f"expected values, got *{event.anchor} inside of itself")
            count += unfolded.get(event.anchor, 1)
        elif isinstance(event, CollectionEndEvent):
            anchor, before = open_nodes.pop()
            unfolded |= {anchor: count - before} if anchor else {}
        elif isinstance(event, NodeEvent):
            if isinstance(event, CollectionStartEvent):
                open_nodes.append((event.anchor, count))
            count += 1
        if count > MOST_VALUES or len(open_nodes) > MOST_DEPTH:
            raise StageError(
                f"expected at most {MOST_VALUES:,} values, {MOST_DEPTH} deep, when all is unfolded"
            )


# --- every value on its own


def commands() -> dict[str, Callable[..., Any]]:
    """The stages that take parameters, in the pipeline's order, by their section's name."""
    stages = YAML(typ="safe").load(PIPELINE)["stages"]
    names = [name for name, stage in stages.items() if "params" in stage]
    return {name: getattr(importlib.import_module(f"stages.{name}"), name) for name in names}


def problems_of(values: Any) -> list[str]:
    """One line for each value that its stage would not take, and for what does not go together."""
    declared = {name: parameters_of(command) for name, command in commands().items()}
    if not isinstance(values, dict):
        return [f"{PARAMETERS}: expected the sections {', '.join(declared)}, got {as_yaml(values)}"]
    known = {"determinism": None, **declared}
    problems = [
        f"{as_yaml(name)}: no such section{near(name, known)}; expected {', '.join(known)}"
        for name in values
        if name not in known
    ]
    if (chosen := values.get("determinism")) not in DETERMINISM:
        problems.append(f"determinism: expected {' or '.join(DETERMINISM)}, got {as_yaml(chosen)}")
    sound: Sections = {}
    for name, parameters in declared.items():
        if found := [*problems_of_section(name, values.get(name), parameters)]:
            problems += found
        else:
            sound[name] = values[name]
    return problems + problems_together(sound)


def problems_of_section(name: str, section: Any, parameters: dict[str, Parameter]) -> Iterator[str]:
    """One line for each key that is missing or not known, and each value that is not allowed."""
    if not isinstance(section, dict):
        got = "nothing" if section is None else as_yaml(section)
        yield f"{name}: expected a section with the keys {', '.join(parameters)}, got {got}"
        return
    for key, value in section.items():
        if key not in parameters:
            yield (
                f"{name}.{key if is_plain(key) else as_yaml(key)}: no such parameter"
                f"{near(key, parameters)}; got {as_yaml(value)}, expected one of "
                f"{', '.join(parameters)}"
            )
        elif problem := problem_of(value, parameters[key]):
            yield f"{name}.{key}: {problem}"
    for key, parameter in parameters.items():
        if key not in section:
            yield f"{name}.{key}: missing; expected {parameter.allowed}"


def is_plain(key: Any) -> bool:
    """Whether a key can stand in a message as it is."""
    return isinstance(key, str) and key.isidentifier()


def near(name: Any, names: dict[str, Any]) -> str:
    """The known name that was probably meant, as a question."""
    close = difflib.get_close_matches(str(name), names, 1)
    return f" (did you mean {close[0]}?)" if close else ""


# --- values together


def problems_together(sections: Sections) -> list[str]:
    """One line for each combination that its stage would refuse, as far as it is known now.

    Only sections whose values are allowed one by one are looked at. How many images there are is
    known from the lengths in ``fetch``; which digits they show, and their shape, once they are
    there. What is not known is left to the stage.
    """
    if "fetch" not in sections:
        return []
    try:
        data = data_of(**sections["fetch"])
    except StageError as error:
        return [str(error)]
    problems = [
        problem
        for rule, needs in RULES.items()
        if sections.keys() >= {*needs}
        for problem in _told(rule, data, *(sections[name] for name in needs))
    ]
    return [*dict.fromkeys(problems)]  # a batch that cannot be made is a problem of several


def _told(rule: Callable[..., None], *arguments: Any) -> Iterator[str]:
    try:
        rule(*arguments)
    except StageError as error:
        yield str(error)


def data_of(**fetch: Any) -> Data:
    """What ``fetch`` will bring; raises ``StageError`` if its lengths cannot be true."""
    counts, pixels = {}, {}
    for part in ("train", "test"):
        images, labels = f"{part}_images_bytes", f"{part}_labels_bytes"
        counts[part] = fetch[labels] - LABELS_HEAD
        if counts[part] < 1:
            raise StageError(
                f"fetch.{labels}: expected {LABELS_HEAD + 1} or more, got {fetch[labels]}"
            )
        pixels[part], rest = divmod(fetch[images] - IMAGES_HEAD, counts[part])
        if rest or pixels[part] < 1:
            raise StageError(
                f"fetch.{images}: expected {IMAGES_HEAD} and as many for each of the "
                f"{counts[part]:,} images that fetch.{labels} tells of, got {fetch[images]}"
            )
    if pixels["train"] != pixels["test"]:
        raise StageError(
            f"fetch.test_images_bytes: expected images of {pixels['train']} pixels, as "
            f"fetch.train_images_bytes has them, got {pixels['test']}"
        )
    shape = _shape(RAW / "train-images-idx3-ubyte", counts["train"], pixels["train"])
    labels_of = {
        part: _labels(RAW / f"{name}-labels-idx1-ubyte", fetch[f"{part}_labels_sha256"])
        for part, name in (("train", "train"), ("test", "t10k"))
    }
    return Data(counts["train"], pixels["train"], shape, labels_of["train"], labels_of["test"])


def _shape(path: Path, count: int, pixels: int) -> tuple[int, int] | None:
    """Height and width that an IDX file tells, if it is there and is the one that is meant."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        words = np.frombuffer(file.read(IMAGES_HEAD).ljust(IMAGES_HEAD), ">u4").tolist()
    _, images, height, width = words
    return (height, width) if (images, height * width) == (count, pixels) else None


def _labels(path: Path, sha256: str) -> NDArray[np.uint8] | None:
    """The labels, if they are there and are those that are meant."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256.lower():
        return None
    return np.frombuffer(content, np.uint8, offset=LABELS_HEAD)


def check_batch(data: Data, section: dict[str, Any]) -> None:
    """Something is left to train on."""
    batch.check(data.train, section["validation"], section["batch_size"])


def check_train(data: Data, section: dict[str, Any]) -> None:
    """The weights of all epochs have room, and moved images stay in sight."""
    train.check((data.pixels, *section["hidden"], data.classes), section["epochs"])
    if data.shape:
        augment.check(*data.shape, section["shift"])


def check_minima(data: Data, section: dict[str, Any]) -> None:
    """All networks have room."""
    minima.check(section["hidden"], section["seeds"], data.pixels, data.classes)


def check_smoothness(data: Data, section: dict[str, Any]) -> None:
    """A network has room."""
    smoothness.check(section["hidden"], data.pixels, data.classes)


def check_memorize(data: Data, section: dict[str, Any]) -> None:
    """Both networks have room."""
    memorize.check(section["neurons"], section["hidden"], data.pixels, data.classes)


def check_amount(data: Data, section: dict[str, Any]) -> None:
    """A network has room."""
    amount.check(section["hidden"], data.pixels, data.classes)


def check_paths(data: Data, section: dict[str, Any]) -> None:
    """The places of a path have room."""
    far = section["passes"], section["longer"]
    paths.check(section["hidden"], *far, data.pixels, data.classes)


def check_architecture(data: Data, section: dict[str, Any]) -> None:
    """The largest network has room."""
    widths, depths = section["widths"], section["depths"]
    width, depth = section["width"], section["depth"]
    architecture.check(widths, depths, width, depth, data.pixels, data.classes)


def check_wishes(data: Data, section: dict[str, Any]) -> None:
    """The test image is there."""
    if data.test_labels is not None:
        chosen = section["digit"], section["index"]
        layers.place_of(data.test_labels, *chosen, "wishes", wishes.TEST)


def check_hebb(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The training image and the mini-batch are there."""
    count, labels = left_to_train(data, batches)
    hebb.check(section["images"], count)
    if labels is not None:
        layers.place_of(labels, section["digit"], section["index"], "hebb", hebb.TRAIN)


def check_twos(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The digit is there."""
    _, labels = left_to_train(data, batches)
    if labels is not None:
        twos.check(section["digit"], labels)


def check_averaging(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The mini-batch is there."""
    count, _ = left_to_train(data, batches)
    averaging.check(section["batch_size"], count)


def left_to_train(data: Data, batches: dict[str, Any]) -> tuple[int, NDArray[np.uint8] | None]:
    """How many images ``batch`` will leave to train on, and their labels in its order."""
    validation, seed = batches["validation"], batches["seed"]
    count = batch.check(data.train, validation, batches["batch_size"])
    if data.train_labels is None:
        return count, None
    return count, data.train_labels[batch.split(data.train, validation, seed)["train"]]


RULES: dict[Callable[..., None], tuple[str, ...]] = {  # and the sections that each needs
    check_batch: ("batch",),
    check_train: ("train",),
    check_minima: ("minima",),
    check_smoothness: ("smoothness",),
    check_memorize: ("memorize",),
    check_amount: ("amount",),
    check_paths: ("paths",),
    check_architecture: ("architecture",),
    check_wishes: ("wishes",),
    check_hebb: ("hebb", "batch"),
    check_twos: ("twos", "batch"),
    check_averaging: ("averaging", "batch"),
}


if __name__ == "__main__":
    sys.exit(main())
