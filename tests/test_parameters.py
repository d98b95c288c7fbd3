"""Every parameter of params.yaml does something, and is refused by name when it is wrong."""

import importlib
import json
import re
import shutil
import sys
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from dvc.utils.hydra import apply_overrides
from threadpoolctl import threadpool_info

from benchmarks.accuracy import as_options
from nn import ACTIVATIONS, COSTS, INITIALIZERS, SCHEDULES
from stages.common.files.paths import CLAIM_PARAMETERS, PARAMETERS
from stages.common.models.model import load_model
from stages.common.runtime.cli import run, section_of
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat, parameters_of
from stages.tools.check import FILES, commands
from tests.pipelines import PARAMS, load, module_of
from tests.sample import sample_as_raw

KEYS = [(section, key) for section, keys in PARAMS.items() for key in keys]
BOOLEANS = [(s, k) for s, k in KEYS if isinstance(PARAMS[s][k], bool)]
NUMBERS = [
    (s, k) for s, k in KEYS if isinstance(PARAMS[s][k], int | float) and (s, k) not in BOOLEANS
]
# DVC makes no option of an empty list, so these cannot be told from missing ones.
MAY_BE_EMPTY = [(s, "hidden") for s in ("train", "minima", "smoothness", "paths")]
MAY_BE_EMPTY += [("fetch", "sources"), ("fetch", "custom"), ("fetch", "pictures")]
CHOICES = [
    ("fetch", "dataset"),
    ("normalize", "scaling"),
    ("train", "activation"),
    ("train", "cost"),
    ("train", "initializer"),
    ("train", "schedule"),
]
SMALL: dict[str, dict[str, Any]] = {
    "normalize": {},
    "batch": {"validation": 50},
    # Too large a rate: the cost rises, so patience ends. Distorted: so that the share matters.
    "train": {"epochs": 8, "learning_rate": 30, "augment.elastic_alpha": 30},
}
# What each parameter that shapes the results is changed to; the others must be refused above.
CHANGES: dict[str, dict[str, Any]] = {
    "normalize": {
        "scaling": "standard",
        "deskew": True,
        "edges": True,
    },
    "batch": {"validation": 30, "batch_size": 7, "seed": 1},
    "train": {
        "hidden": [5],
        "activation": "tanh",
        "cost": "cross_entropy",
        "initializer": "he",
        "gain": 1,
        "learning_rate": 0.5,
        "schedule": "constant",
        "momentum": 0.5,
        "weight_decay": 0.01,
        "epochs": 3,
        "reshuffle": not PARAMS["train"]["reshuffle"],
        "full_batch": True,
        "augment.probability": 1,
        "augment.shift": 1,
        "augment.rotation": 10,
        "augment.scale": 0.1,
        "augment.shear": 0.1,
        "augment.thickness": 1,
        "augment.elastic_alpha": 20,
        "augment.elastic_sigma": 2,
        "augment.decay": 0.5,
        "patience": 1,
        "snapshots": 1,
        "seed": 1,
    },
}
# Distortions fade at the end, when too large a rate has long left nothing to learn.
BESIDES = {("train", "augment.decay"): {"learning_rate": 1, "augment.probability": 1}}


def start(section: str, options: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a stage in this process, as its command line would; return its exit code."""
    command = getattr(importlib.import_module(module_of(section)), section)
    monkeypatch.setattr(sys, "argv", [section, *options])
    try:
        run(command)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


class Refusal:
    """Runs a stage that must refuse to start, and gives back the one line that it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, section: str, key: str, *options: str) -> str:
        others = {k: v for k, v in PARAMS[section].items() if k != key}
        assert start(section, [*as_options(others), *options], self.monkeypatch) != 0
        message = self.capsys.readouterr().err
        assert message.startswith(f"error: {section}.{key}: ")
        assert message.count("\n") == 1
        return message


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    return Refusal(monkeypatch, capsys)


@pytest.mark.parametrize(("section", "key"), NUMBERS)
@pytest.mark.parametrize("value", ["-1", "nan", "1e400", "many", "[1, 2]", "None", ""])
def test_a_number_out_of_range_or_of_another_type_is_refused(
    section: str, key: str, value: str, refusal: Refusal
) -> None:
    message = refusal(section, key, f"--{key}", value)
    assert repr(value) in message
    assert "expected" in message


@pytest.mark.parametrize(("section", "key"), [key for key in NUMBERS if key != ("train", "hidden")])
def test_a_list_where_one_number_is_meant_is_refused(
    section: str, key: str, refusal: Refusal
) -> None:
    assert "['1', '2']" in refusal(section, key, f"--{key}", "1", f"--{key}", "2")


@pytest.mark.parametrize(("section", "key"), CHOICES)
def test_a_name_that_is_not_offered_is_refused_with_those_that_are(
    section: str, key: str, refusal: Refusal
) -> None:
    message = refusal(section, key, f"--{key}", "sigmoidal")
    assert "'sigmoidal'" in message
    assert PARAMS[section][key] in message


@pytest.mark.parametrize(("section", "key"), BOOLEANS)
def test_a_text_where_true_or_false_is_meant_is_refused(
    section: str, key: str, refusal: Refusal
) -> None:
    message = refusal(section, key, f"--{key}", "maybe")
    assert "expected true or false, got 'maybe'" in message


@pytest.mark.parametrize("value", ["0", "-3", "2.5", "sixteen"])
def test_a_layer_without_neurons_is_refused(value: str, refusal: Refusal) -> None:
    assert repr(value) in refusal("train", "hidden", "--hidden", "16", "--hidden", value)


@pytest.mark.parametrize("section", PARAMS)
def test_an_unknown_key_is_refused(section: str, refusal: Refusal) -> None:
    assert "no such parameter" in refusal(section, "learning_rat", "--learning_rat", "1")


@pytest.mark.parametrize(("section", "key"), [key for key in KEYS if key not in MAY_BE_EMPTY])
def test_a_missing_key_is_refused(section: str, key: str, refusal: Refusal) -> None:
    assert "missing" in refusal(section, key)


@pytest.mark.parametrize("path", [PARAMETERS, CLAIM_PARAMETERS], ids=str)
def test_an_experiment_changes_the_lines_of_its_parameters_and_no_other(
    path: Path, tmp_path: Path
) -> None:
    """``dvc exp run -S`` rewrites the whole file, by DVC's own writer; a line in each section."""
    text, copy = (ROOT / path).read_text(), tmp_path / path.name
    before = {section: flat(values) for section, values in load(text).items()}
    for turn in range(max(map(len, before.values()))):
        chosen = {s: [*keys][turn] for s, keys in before.items() if turn < len(keys)}
        expected = {s: {**keys} for s, keys in before.items()}
        for section, key in chosen.items():
            expected[section][key] = other(before[section][key])
        copy.write_text(text)
        apply_overrides(
            copy, [f"{s}.{key}={json.dumps(expected[s][key])}" for s, key in chosen.items()]
        )
        assert {s: flat(values) for s, values in load(copy).items()} == expected
        assert copy.read_text() == with_lines_of(copy.read_text(), text, chosen)


def with_lines_of(changed: str, text: str, chosen: dict[str, str]) -> str:
    """The text, but with the ``changed`` lines of some parameters, one in a section."""
    for section, key in chosen.items():
        (start, end), (first, last) = (place_of(section, key, each) for each in (text, changed))
        text = text[:start] + changed[first:last] + text[end:]
    return text


def place_of(section: str, key: str, text: str) -> tuple[int, int]:
    """Where the lines of a parameter begin and end in a file of parameters."""
    start = text.index(f"\n{section}:")
    for part in key.split("."):
        start = text.index(f"  {part}:", start)
    own = re.compile(r" +\w+:.*\n(?: +[-\w](?!.*: ).*\n)*").match(text, start)
    assert own
    return start, own.end()


def test_an_experiment_adds_a_key_that_may_be_missing(tmp_path: Path) -> None:
    copy = tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text()
    copy.write_text(text)
    apply_overrides(copy, ["+fetch.custom.credit=Mine", "+fetch.custom.first_label=1"])
    assert load(copy)["fetch"]["custom"] == {"credit": "Mine", "first_label": 1}
    assert copy.read_text().partition("  sources:")[2] == text.partition("  sources:")[2]


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, list):
        return [other(value[0]) if value else "A"] * 2
    if isinstance(value, bool):
        return not value
    return "0123456789" if isinstance(value, str) else value + 1


def test_no_key_has_a_name_that_the_run_cache_ignores() -> None:
    # DVC leaves "size" and "nfiles" out of the run-cache's key and would restore a wrong result.
    assert not {key for _, key in KEYS} & {"size", "nfiles"}


@pytest.mark.parametrize("path", [PARAMETERS, CLAIM_PARAMETERS], ids=str)
def test_the_comments_are_those_of_the_declarations(path: Path) -> None:
    text = (ROOT / path).read_text()
    places = []
    for name, command in commands(ROOT / FILES[path]).items():
        section = section_of(command)
        places.append((name, [about(section)]))
        for key, parameter in parameters_of(section).items():
            if not parameter.may_be_missing:
                places.append((key.rpartition(".")[2], [parameter.rule.comment]))
        places += [(n, [about(part)]) for n, part in parts_of(section).items()]
    written = re.findall(r"^ *(\w+):(?: [^#\n]*?)? *# (.*)$", text, re.MULTILINE)
    assert sorted(written) == sorted((key, words) for key, (words,) in places if words)


def about(section: Any) -> str:
    """The first sentence of a section, as a comment says it."""
    line = section.__doc__.splitlines()[0].rstrip(".")
    return f"{line[0].lower()}{line[1:]}"


def parts_of(section: Any) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(section).items() if is_dataclass(hint)}


def test_every_choice_of_nn_is_named_in_the_comments_of_params_yaml() -> None:
    text = (ROOT / "params.yaml").read_text()
    for names in (ACTIVATIONS, COSTS, INITIALIZERS, SCHEDULES):
        assert all(name in text for name in names)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which 300 real digits went through normalize and batch."""
    folder = tmp_path_factory.mktemp("prepared")
    sample_as_raw(folder / "data/raw", train=300, test=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for section in ("normalize", "batch"):
            assert start(section, as_options({**PARAMS[section], **SMALL[section]}), patch) == 0
    return folder


@pytest.mark.parametrize(("section", "key"), [(s, k) for s in CHANGES for k in CHANGES[s]])
def test_each_parameter_changes_what_its_stage_writes(
    section: str, key: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs: list[dict[str, bytes]] = []
    for change in ({}, {key: CHANGES[section][key]}):
        folder = tmp_path / f"run{len(outputs)}"
        shutil.copytree(prepared, folder)
        monkeypatch.chdir(folder)
        besides = BESIDES.get((section, key), {})
        options = as_options({**PARAMS[section], **SMALL[section], **besides, **change})
        assert start(section, options, monkeypatch) == 0
        outputs.append(contents(folder))
    assert outputs[0] != outputs[1]


def test_every_parameter_that_shapes_the_results_is_tried() -> None:
    assert {(s, k) for s in CHANGES for k in CHANGES[s]} == {
        (s, k) for s, k in KEYS if s in CHANGES
    } - {
        ("train", "threads"),  # it shapes the time
    }


@pytest.mark.parametrize("threads", [1, 2])
def test_training_has_as_many_threads_of_blas_as_it_was_given(
    threads: int, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[list[int]] = []

    def look(*_: object) -> None:
        counts.append([p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"])

    shutil.copytree(prepared, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    monkeypatch.setattr("stages.train.descend", look)
    parameters = {**PARAMS["train"], **SMALL["train"], "threads": threads}
    assert start("train", as_options(parameters), monkeypatch) == 0
    assert counts[0]
    assert {*counts[0]} == {threads}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


STEEP = {"activation": "relu", "hidden": [1, 1, 1], "gain": 12, "learning_rate": 9932}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # Every number is finite, yet a white image would give an answer that is not.
        (
            {"full_batch": True, "epochs": 2, "weight_decay": 1, "schedule": "constant"},
            "no longer a finite number in epoch 2; lower train.learning_rate (9932). models/",
        ),
        ({"gain": 100, "initializer": "unit", "hidden": [9] * 20}, "train.gain: expected"),
    ],
)
def test_training_ends_before_answers_overflow_with_a_network_that_can_be_read(
    change: dict[str, Any],
    words: str,
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(prepared, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    parameters = {**PARAMS["train"], **STEEP, **change}
    assert start("train", as_options(parameters), monkeypatch) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: train")
    assert words in error
    assert error.count("\n") == 1
    if "models/" in words:
        load_model("models/network.npz")
