"""`make check` takes what the stages take, and says of all else in one line what is allowed."""

import configparser
import functools
import json
import math
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dvc.exceptions import DvcException
from dvc.parsing.context import Context
from dvc.parsing.interpolate import get_matches, str_interpolate
from dvc.utils.serialize import parse_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.batch import BatchParams
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import CLAIM_PARAMETERS, CLAIM_PIPELINE, PARAMETERS, PIPELINE
from stages.common.images.idx import read_labels, write_idx
from stages.common.images.outlook import Outlook
from stages.common.runtime.cli import run, section_of
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat, made, parameters_of
from stages.evaluate import evaluate
from stages.fetch import FetchParams
from stages.normalize import NormalizeParams
from stages.tools import check
from stages.tools.check import commands, main, problems_of_section
from stages.tools.expected import outlook_after_batch, outlook_before_batch
from tests.pipelines import CLAIM_PARAMS, MAIN_PARAMS, PARAMS, module_of
from tests.sample import SAMPLE, asking_for, sample_as_raw, write_dataset, write_patterns

MARK = "# --- claims\n"  # between the two files, where a test has both in one text


def in_brackets(path: Path) -> str:
    """A file of parameters with lists in brackets, and one space before a comment."""
    lists = re.compile(r"^( +\w+:)( +#.*)?\n((?: +- [^:=\n]+\n)+)", re.MULTILINE)

    def joined(match: re.Match[str]) -> str:
        items = [line.strip(" -") for line in match[3].splitlines()]
        return f"{match[1]} [{', '.join(items)}]{match[2] or ''}\n"

    return re.sub(" +#", " #", lists.sub(joined, (ROOT / path).read_text()))


TEXT = in_brackets(PARAMETERS) + MARK + in_brackets(CLAIM_PARAMETERS)
KEYS = [(section, key) for section, keys in PARAMS.items() for key in keys]
COMMANDS = commands(ROOT / PIPELINE) | commands(ROOT / CLAIM_PIPELINE)
DECLARED = {name: parameters_of(section_of(command)) for name, command in COMMANDS.items()}
MAY_BE_MISSING = [(s, k) for s, keys in DECLARED.items() for k in keys if keys[k].may_be_missing]
# In the suite as many as cost a few seconds; `make torture` asks for 5,000.
VARIATIONS = int(os.environ.get("VARIATIONS", "150"))
# A section with a dot and a key, or a place in the file; then what is wrong.
LINE = re.compile(
    r"""error: (\w+\.[^:]+|\w+|'\w+'|"[^"]+"|[\w/]*params\.yaml(, line \d+(, column \d+)?)?): """
    r"[^\n]+"
)

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the current folder: its pipelines alone are there."""
    (tmp_path / CLAIM_PIPELINE).parent.mkdir(parents=True)
    for pipeline in (PIPELINE, CLAIM_PIPELINE):
        shutil.copyfile(ROOT / pipeline, tmp_path / pipeline)
    monkeypatch.chdir(tmp_path)
    sections = {path: commands(ROOT / path) for path in (PIPELINE, CLAIM_PIPELINE)}
    monkeypatch.setattr(check, "commands", sections.__getitem__)  # the same, found out once
    return tmp_path


def problems(content: str | bytes, capsys: Capture) -> list[str]:
    """The lines with which params.yaml, or with ``MARK`` both files, are refused, or none.

    And those that say which claims the images leave out.
    """
    content = content if isinstance(content, bytes) else content.encode()
    main_text, mark, claims = content.partition(MARK.encode())
    PARAMETERS.write_bytes(main_text)
    CLAIM_PARAMETERS.write_bytes(claims if mark else (ROOT / CLAIM_PARAMETERS).read_bytes())
    capsys.readouterr()  # what an earlier example has said
    code = main()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    notes = [line for line in out.splitlines() if line.startswith("note: ")]
    assert code == (2 if lines else 0)
    assert len(out.splitlines()) == len(notes) + (not lines)
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert all(note.endswith("; this claim is left out") for note in notes)
    return lines + notes


def changed(before: str, after: str) -> str:
    assert TEXT.count(before) >= 1, before
    return TEXT.replace(before, after, 1)


def as_text(params: dict[str, Any]) -> str:
    """Both files with these sections."""
    parts = [{k: v for k, v in params.items() if k in own} for own in (MAIN_PARAMS, CLAIM_PARAMS)]
    return f"\n{MARK}".join(map(json.dumps, parts))


def test_the_projects_own_parameters_are_taken(capsys: Capture) -> None:
    assert problems((ROOT / PARAMETERS).read_text(), capsys) == []
    assert {name: flat(values) for name, values in parse_yaml(TEXT, "both").items()} == PARAMS


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("epochs: 90", "epochs: '90'", "train.epochs: expected a number without quotes, got '90'"),
        ("epochs: 90", "epochs: 90.5", "train.epochs: expected a whole number from 1 to 1000000"),
        ("epochs: 90", "epochs: 0", "train.epochs: expected a whole number from 1 to 1000000"),
        ("epochs: 90", "epochs:", "train.epochs: expected a whole number from 1 to 1000000"),
        ("epochs: 90", "epochs: [1, 2]", "got '[1, 2]'"),
        ("epochs: 90", "epochs: {a: 1}", "train.epochs: expected a whole number"),
        ("epochs: 90", "epochs: true", "got 'true'"),
        ("epochs: 90", "epochs: 2001-99-99", "expected only values of YAML: month must"),
        ("epochs: 90", "epochs: 2001-09-09", "train.epochs: expected a whole number"),
        ("epochs: 90", f"epochs: {'9' * 5000}", "only values of YAML: Exceeds"),
        ("epochs: 90", f"epochs: 0x{'f' * 5000}", "train.epochs: expected a whole number"),
        ("epochs: 90", "epochs: !!bool x", "expected only values of YAML: 'x'"),
        ("epochs: 90", "epochs: !!int x", "expected only values of YAML: invalid"),
        ("gain: 2", "gain: .inf", "train.gain: expected a number from 0 to 100, got 'inf'"),
        ("gain: 2", "gain: .nan", "train.gain: expected a number from 0 to 100, got 'nan'"),
        ("gain: 2", "gain: 1e400", "train.gain: expected a number from 0 to 100, got 'inf'"),
        ("gain: 2", "gain: -1e-3", "got '-0.001'"),
        ("gain: 2", "gain: null", "train.gain: expected a number from 0 to 100, got 'null'"),
        ("gain: 2", 'gain: "2"', "train.gain: expected a number without quotes, got '2'"),
        ("gain: 2", "gain: [2]", "train.gain: expected a number from 0 to 100, got '[2]'"),
        ("activation: sigmoid", "activation: sigmod", "one of sigmoid, tanh, relu, leaky_relu"),
        ("activation: sigmoid", 'activation: "tanh\\0"', "train.activation: expected one of"),
        ("activation: sigmoid", "activation: !!int tanh", "expected only values of YAML"),
        ("activation: sigmoid", "activation: 3", "train.activation: expected one of sigmoid"),
        ("reshuffle: true", "reshuffle: yes", "expected true or false, got 'yes'"),
        ("reshuffle: true", "reshuffle: 1", "expected true or false, got 1"),
        ("reshuffle: true", "reshuffle: 'true'", "expected true or false, got 'true'"),
        ("hidden: [16, 16]", "hidden: 16", "expected a list, each item 1..1000000, got 16"),
        ("hidden: [16, 16]", "hidden: [[16]]", "train.hidden: expected a whole number"),
        ("hidden: [16, 16]", "hidden: [16, '16']", "train.hidden: expected a number without"),
        ("hidden: [16, 16]", "hidden: {}", "train.hidden: expected a list"),
        ("hidden: [16, 16]", "hidden: null", "train.hidden: expected a list"),
        ("depths: [0, 1, 2, 6]", "depths: []", "one or more items, each 0..100, got []"),
        ("  gain: 2", "  gian: 2", "train.gian: no such parameter (did you mean gain?); got 2"),
        ("  gain: 2", "", "train.gain: missing; expected 0..100"),
        ("  gain: 2", "  gain: 2\n  help: true", "train.help: no such parameter"),
        ("  gain: 2", "  gain: 2\n  'a b; c\\n': 1", "no such parameter"),
        ("  gain: 2", "  gain: 2\n  3: 1", "train.3: no such parameter"),
        ("  gain: 2", "  gain: 2\n  ~: 1", "train.null: no such parameter"),
        ("  gain: 2", "  gain: 2\n  gain: 2", 'found duplicate key "gain"'),
        ("  gain: 2", "  gain: 2\n  fading: 0", "it is train.augment.decay now"),
        ("  gain: 2", "\tgain: 2", "column 1: found character that cannot start any token"),
        ("  gain: 2", "   gain: 2", "params.yaml, line"),
        ("train: #", "trian: #", "(did you mean train?)"),
        (
            "train: #",
            "train: 3\ntrian: #",
            "train: expected a section with the keys hidden, activation",
        ),
        ("sources: []", "sources: ['ftp://a/']", "fetch.sources: expected file:FOLDER or https"),
        ("dataset: mnist", "dataset: minst", "fetch.dataset: expected one of mnist, fashion-m"),
        ("custom: {}", "custom: {credits: A}", "(did you mean custom.credit?); got 'A'"),
        ("custom: {}", "custom: {credit: 3}", "fetch.custom.credit: expected text in quotes"),
        ("custom: {}", "custom: {transpose: 1}", "custom.transpose: expected true or false, got"),
        ("custom: {}", "custom: {first_label: 256}", "custom.first_label: expected a whole num"),
        ("custom: {}", "custom: {classes: A}", "fetch.custom.classes: expected a list"),
        ("custom: {}", "custom: [A]", "fetch.custom: no such parameter"),
        ("custom: {}", "custom:", "fetch.custom: no such parameter"),
        ("custom: {}", "custom: {3: A}", "fetch.custom.3: no such parameter"),
        ("  dpi: 140", "  dpi: 140\n  credit: Me", "it is fetch.custom.credit now"),
        ("  retries: 2", "  retries: 2\n  test_labels: a", "it is fetch.custom.test_labels now"),
    ],
)
def test_a_wrong_value_is_told_by_section_and_key_with_what_is_allowed(
    before: str, after: str, words: str, capsys: Capture
) -> None:
    lines = problems(changed(before, after), capsys)
    assert any(words in line for line in lines), lines


def test_more_snapshots_than_there_is_room_for_are_told_before_anything_runs(
    capsys: Capture,
) -> None:
    long = changed("epochs: 90", "epochs: 1000000")
    assert not problems(long, capsys)
    lines = problems(long.replace("snapshots: 100", "snapshots: 1000000"), capsys)
    assert len(lines) == 1
    assert "train.hidden: expected a network that fits into" in lines[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected the sections fetch, normalize"),
        ("# nothing\n", "expected the sections fetch, normalize"),
        ("[1]", "got [1]"),
        ("train", "got 'train'"),
        (b"a: \xff\n", "line 1: expected UTF-8, got byte 0xff"),
        (TEXT.encode("utf-16"), "expected UTF-8"),
        ("a: [1\nb: 2", "line 2, column 2"),
        ("a: 1\n---\nb: 2", "another document"),
        ("a: *x", "found undefined alias"),
        ("a: &x [*x]", "no such section"),
        ("a: !foo 1", "could not determine a constructor"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("{{a: 1}: 2}", "found unhashable key"),
        ("{3: 2, b: 3}", "no such section"),
        ("a: \0", "control characters"),
    ],
)
def test_a_strange_file_is_refused_in_a_line(
    content: str | bytes, words: str, capsys: Capture
) -> None:
    lines = problems(content, capsys)
    assert any(words in line for line in lines), lines


def test_anchors_and_merges_are_values_as_any(capsys: Capture) -> None:
    text = changed("hidden: [16, 16]", "hidden: &layers [16, 16]")
    claims = text.partition(MARK)[2].replace("hidden: [16, 16]", "hidden: &layers [16, 16]", 1)
    claims = claims.replace("hidden: [16, 16]", "hidden: *layers")
    assert problems(text.partition(MARK)[0] + MARK + claims, capsys) == []
    merged = r"\1  <<: {digit: 2, index: 0}\n"
    text = re.sub(r"(wishes: .*\n)(  digit.*\n)(  index.*\n)", merged, TEXT)
    assert text != TEXT
    assert problems(text, capsys) == []


def test_a_missing_file_is_told(capsys: Capture) -> None:
    assert main() == 2
    assert capsys.readouterr().err == "".join(
        f"error: {path}: No such file or directory\n" for path in (PARAMETERS, CLAIM_PARAMETERS)
    )


def test_a_text_that_anyone_may_write_does_not_leave_its_line(capsys: Capture) -> None:
    lines = problems(changed("activation: sigmoid", r'activation: "a\nb\e[2J\x85\L"'), capsys)
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_all_problems_are_told_at_once(capsys: Capture) -> None:
    text = changed("epochs: 90", "epochs: 0").replace("validation: 5000", "validation: no")
    text = text.replace("dpi: 140", "dip: 140", 1)
    places = [line.split(": ")[1] for line in problems(text, capsys)]
    assert places == ["batch.validation", "train.epochs", "report.dip", "report.dpi"]


# --- combinations


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("validation: 5000", "validation: 60000", "batch.validation: expected 1 to 59,999"),
        ("validation: 5000", "validation: 59999", "batch.batch_size: expected 1 to 1, what"),
        ("batch_size: 100 ", "batch_size: 55001 ", "batch.batch_size: expected 1 to 55,000"),
        ("batch_size: 100 # images of a mini-batch", "batch_size: 55001 #",
         "averaging.batch_size: expected 2 to 55,000"),
        ("hidden: [16, 16]", "hidden: [1000000, 1000000]", "784-1000000-1000000-2"),
        ("- train.cost=quadratic,cross_entropy", "- train.hidden=[1000000,1000000]",
         "sweep.grid: expected a network that fits into"),
        ("- train.cost=quadratic,cross_entropy", "- train.activation=relu",
         "sweep.grid: expected each parameter once"),
        ("widths: [8, 16, 64]", "widths: [100000]", "architecture.widths: expected"),
    ],
)  # fmt: skip
def test_values_that_do_not_go_together_are_told_before_anything_runs(
    before: str, after: str, words: str, capsys: Capture
) -> None:
    lines = problems(changed(before, after), capsys)
    assert any(words in line for line in lines), lines


LENGTHS = {"train_images": 47_040_016, "train_labels": 60_008, "test_images": 7_840_016,
           "test_labels": 10_008}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, ""),
        ({"train_images_bytes": 47_040_017},
         "fetch.custom.train_images_bytes: expected 16 and as many for each of the 60,000 images"),
        ({"test_labels_bytes": 8}, "expected 9 or more, got 8"),
        ({"test_images_bytes": 10_016}, "images of 784 pixels"),
        ({"test_images_bytes": None}, "fetch.custom.test_images_bytes: missing, and fetch.dataset"),
        ({"train_labels_sha256": None}, "fetch.custom.train_labels_sha256: missing, and fetch."),
    ],
)  # fmt: skip
def test_a_custom_data_set_is_looked_at_before_anything_runs(
    changed: dict[str, Any], words: str, capsys: Capture
) -> None:
    keys: dict[str, Any] = {f"{part}_bytes": length for part, length in LENGTHS.items()}
    keys |= {f"{part}_sha256": "0" * 64 for part in LENGTHS}
    custom = {key: value for key, value in {**keys, **changed}.items() if value is not None}
    fetch = PARAMS["fetch"] | {"dataset": "custom", "custom": custom}
    lines = problems(as_text(PARAMS | {"fetch": fetch}), capsys)
    assert len(lines) == bool(words)
    assert all(words in line for line in lines)
    fetch["dataset"] = "mnist"  # which does not look at it
    assert problems(as_text(PARAMS | {"fetch": fetch}), capsys) == []


def before_batch(fetch: dict[str, Any], normalize: dict[str, Any]) -> Outlook:
    return outlook_before_batch(made(FetchParams, flat(fetch)), made(NormalizeParams, normalize))


@pytest.mark.parametrize(
    ("name", "count"),
    [("mnist", 60_000), ("fashion-mnist", 60_000), ("kmnist", 60_000), ("qmnist", 60_000),
     ("emnist-digits", 240_000), ("emnist-letters", 124_800), ("emnist-balanced", 112_800)],
)  # fmt: skip
def test_the_data_sets_of_the_catalog_are_taken_by_name(
    name: str, count: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = PARAMS["fetch"] | {"dataset": name}
    assert problems(as_text(PARAMS | {"fetch": fetch}), capsys) == []
    outlook = before_batch(fetch, PARAMS["normalize"])
    assert (outlook.images, outlook.inputs) == (count, 784)
    words = unpacked("fetch", fetch)
    folder = ["--folder", "data/pictures"]
    assert words == ["--dataset", name, *folder, "--timeout", "20", "--retries", "2"]
    assert parsed("fetch", fetch, monkeypatch) == 0


@pytest.mark.parametrize("section", ["minima", "smoothness", "paths", "amount", "memorize"])
def test_networks_that_no_memory_holds_are_told(section: str, capsys: Capture) -> None:
    params = PARAMS | {section: PARAMS[section] | {"hidden": [10**6, 10**6]}}
    (line,) = problems(as_text(params), capsys)
    assert f"error: {section}.hidden: expected a network that fits into the" in line
    assert "784-1000000-1000000-2" in line


@pytest.fixture
def with_raw(place: Path) -> Path:
    """The same with the sample of digits in data/raw."""
    sample_as_raw(place / "data/raw", train=10**6, test=10**6)
    return place


def sampled(**sections: dict[str, Any]) -> str:
    """Parameters that ask for the sample, with some values changed."""
    params = PARAMS | {"fetch": PARAMS["fetch"] | asking_for(SAMPLE)}
    for name, values in {"batch": {"validation": 200}, "averaging": {}}.items():
        params[name] = params[name] | values
    return as_text(params | {name: params[name] | sections[name] for name in sections})


@pytest.mark.usefixtures("with_raw")
@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("wishes", {"digit": 11}, "wishes.digit: expected a class that"),
        ("wishes", {"index": 10**6}, "wishes.index: expected 0 to"),
        ("hebb", {"images": 10**4}, "hebb.images: expected 1 to"),
        ("twos", {"digit": 11}, "twos.digit: expected a class that"),
        (
            "train",
            {"augment.shift": 28},
            "train.augment.shift: expected less than the images' 28 x 28 pixels",
        ),
    ],
)
def test_what_the_images_show_is_known_once_they_are_there(
    section: str, values: dict[str, Any], words: str, capsys: Capture
) -> None:
    assert problems(sampled(), capsys) == []
    (line,) = problems(sampled(**{section: values}), capsys)
    assert words in line


def relabel(first: int, *, wide: bool) -> None:
    """Let the labels in data/raw count from another number, or be as wide as QMNIST's."""
    for path in Path("data/raw").glob("*-labels-idx1-ubyte"):
        labels = read_labels(path) + np.uint8(first)
        if wide:
            columns = np.column_stack([labels, np.full((len(labels), 7), 300)]).astype(">i4")
            head = struct.pack(">4B2I", 0, 0, 0x0C, 2, *columns.shape)
            path.write_bytes(head + columns.tobytes())
        else:
            write_idx(path, labels)
    write_dataset(Path("data/raw"), first_label=first)


def there(**about: Any) -> dict[str, Any]:
    """The parameters of ``fetch`` that describe what is there."""
    return asking_for(Path("data/raw"), **about)


LABELS = pytest.mark.parametrize(
    ("first", "wide"), [(0, False), (1, False), (0, True), (5, True)],
    ids=["MNIST's", "letters'", "QMNIST's", "both"],
)  # fmt: skip


@LABELS
@pytest.mark.usefixtures("with_raw")
def test_labels_are_classes_from_0_on_whatever_their_form(
    first: int, wide: bool, capsys: Capture
) -> None:
    relabel(first, wide=wide)
    fetch = there(first_label=first)
    for values in ({"digit": 9}, {"digit": 0}):
        assert problems(sampled(fetch=fetch, twos=values), capsys) == []
    (line,) = problems(sampled(fetch=fetch, twos={"digit": 10}), capsys)
    assert "twos.digit: expected a class that" in line
    (line,) = problems(sampled(fetch=there(first_label=first + 1)), capsys)
    assert f"first_label: expected at most {first}, the smallest label, got {first + 1}" in line


def test_images_that_lie_on_their_side_have_the_shape_that_normalize_gives_them(
    capsys: Capture,
) -> None:
    write_patterns(Path("data/raw"), 10, 12, 20, {"train": 400, "t10k": 40})
    for transpose, shape in ((False, "12 x 20"), (True, "20 x 12")):
        lines = problems(
            sampled(fetch=there(transpose=transpose), train={"augment.shift": 12}), capsys
        )
        assert any(
            f"train.augment.shift: expected less than the images' {shape}" in line for line in lines
        )


def test_other_images_than_those_that_are_meant_say_nothing(place: Path, capsys: Capture) -> None:
    sample_as_raw(place / "data/raw", train=20, test=20)
    assert problems(sampled(twos={"digit": 11}, train={"augment.shift": 28}), capsys) == []


@LABELS
@pytest.mark.usefixtures("with_raw")
def test_the_images_left_to_train_on_are_those_of_batch(
    first: int, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    relabel(first, wide=wide)
    normalize, batch = PARAMS["normalize"], PARAMS["batch"] | {"validation": 200}
    for section, values in {"normalize": normalize, "batch": batch}.items():
        assert parsed(section, values, monkeypatch, COMMANDS[section]) == 0
    before = before_batch(PARAMS["fetch"] | there(first_label=first), normalize)
    after = outlook_after_batch(before, made(BatchParams, batch))
    written = load_labelled(Path("data/batches/train"))[1]
    assert after.labels is not None
    assert after.labels.tolist() == written.tolist()
    assert after.images == len(written)


def test_a_mini_batch_to_look_at_is_not_larger_than_what_is_left(capsys: Capture) -> None:
    params = PARAMS | {
        "batch": PARAMS["batch"] | {"validation": 55_000},
        "hebb": PARAMS["hebb"] | {"images": 5_001},
    }
    (line,) = problems(as_text(params), capsys)
    assert "hebb.images: expected 1 to 5000 in data/batches/train, got 5001" in line


def test_the_command_itself_looks_at_the_project(place: Path) -> None:
    start = [sys.executable, "-m", "stages.tools.check"]
    for path in (PARAMETERS, CLAIM_PARAMETERS):
        shutil.copyfile(ROOT / path, place / path)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(start, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (place / PARAMETERS).write_text(changed("epochs: 90", "epochs: 0").partition(MARK)[0])
    done = subprocess.run(start, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: train.epochs: expected a whole number from 1 to")


def test_check_needs_neither_dvc_nor_what_is_slow_to_import() -> None:
    code = "import sys, stages.tools.check; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"dvc", "pandas", "scipy", "matplotlib", "joblib"} & {*done.stdout.split()}


def test_make_looks_at_the_parameters_before_it_starts_dvc() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nreport: ")[2]
    assert 0 < recipe.index("python -m stages.tools.check") < recipe.index("dvc repro")


# --- check and the command lines agree


def config() -> dict[str, str]:
    """How this project asks DVC to unpack parameters."""
    parser = configparser.ConfigParser()
    text = (ROOT / ".dvc/config").read_text()
    parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    return dict(parser["parsing"])


CONFIG = config()


def unpacked(section: str, values: Any) -> list[str]:
    """The words that a stage is started with, as DVC itself makes them and a shell splits them."""
    template = f"python -m {module_of(section)} ${{{section}}}"
    command = str_interpolate(
        template, get_matches(template), Context({section: values}), key="cmd", config=CONFIG
    )
    if "\0" in command:
        raise ValueError("no command line holds a NUL")
    return shlex.split(command)[3:]


def parsed(
    section: str, values: Any, patch: pytest.MonkeyPatch, command: Callable[..., Any] | None = None
) -> int:
    """Exit code of a stage that parses its command line and does no more, or of ``command``."""

    @functools.wraps(COMMANDS[section])
    def parse_only(_: Any) -> None:
        pass

    try:
        patch.setattr(sys, "argv", [section, *unpacked(section, values)])
        run(command or parse_only)
    except SystemExit as stop:
        return int(stop.code or 0)
    except (DvcException, TypeError, ValueError):  # DVC could not start it
        return 1
    return 0


def same_form(value: Any, own: Any) -> bool:
    """Whether a value is of the type of the project's own; a command line has only texts."""
    if isinstance(own, list):
        one_of_own = own[0] if own else ""  # the one list that is empty is of names
        return isinstance(value, list) and all(same_form(one, one_of_own) for one in value)
    if isinstance(own, bool) or isinstance(value, bool):
        return isinstance(own, bool) and isinstance(value, bool)
    return isinstance(value, str if isinstance(own, str) else int | float)


def own_value(section: str, key: str) -> Any:
    """The project's own value, or for a key that is not there one of the same form."""
    if key in PARAMS[section]:
        return PARAMS[section][key]
    parameter = DECLARED[section][key]
    return [parameter.kind()] if parameter.many else parameter.kind()


def edges(section: str, key: str) -> list[str]:
    """Values just inside and just outside of what a parameter may be."""
    allowed = DECLARED[section][key].rule.allowed
    low, dots, high = allowed.partition("..")
    if not dots or not high.strip("."):  # "...", as of sweep.grid, is no range
        return allowed.split("|")
    ends = [float(low), float(high)]
    near = [end + step for end in ends for step in (-1, -1e-9, 0, 1e-9, 1)]
    whole = [str(int(end)) for end in near if float(end).is_integer()]
    return [*whole, *map(repr, near)]


ODD = [
    "yes", "no", "on", "~", "null", "", "''", "true", "false", "'true'", "1_000", "010", "0x1f",
    "0o17", "1e5", "'1e5'", ".5", "5.", "+5", "-0", "-0.0", ".inf", "-.inf", ".nan", "1e400",
    "1:30", "'90'", "2001-01-01", "2001-99-99", "!!int x", "!!float x", "!!str 3",
    "!!binary YQ==", "!!set {a}", "!!bool x", "'a b'", "'$(touch x)'", "'`id`'", "'${train}'",
    "'\\${train}'", '"a\\nb"', '"\\0"', "'it''s'", "--seed", "'--seed 3'", "-h", "'*'", "{}",
    "[]", "[[]]", "[{}]", "{a: 1}", "[1, 2]", "[true]", "[null]", "['1']", "sigmoid",
    "[sigmoid]", "9" * 400, "9" * 5000, "0x" + "f" * 5000, "\xe9", "'file:/x'", "['file:/x y']",
    "['file:a', 'https://a/']", "[file:a, 3]", "custom", "fashion-mnist", "'\U0001f600'",
]  # fmt: skip
SCALARS = st.one_of(
    st.integers().map(str),
    st.floats().map(lambda x: f".{x}" if math.isinf(x) or math.isnan(x) else repr(x)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8).map(json.dumps),
    st.sampled_from(ODD),
)


@st.composite
def values_for(draw: st.DrawFn, section: str, key: str) -> str:
    """A value as it could stand in params.yaml, often near to what is allowed."""
    own = own_value(section, key)
    scalars = st.one_of(st.sampled_from(edges(section, key)), SCALARS)
    lists = st.lists(scalars, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    return draw(st.one_of(lists, scalars) if isinstance(own, list) else st.one_of(scalars, lists))


@st.composite
def variations(draw: st.DrawFn) -> tuple[str, str]:
    """A params.yaml in which a few things are other than in ours, and the sections touched."""
    sections = {
        name: {key: json.dumps(value) for key, value in keys.items()}
        for name, keys in PARAMS.items()
    }
    touched = set()
    for _ in range(draw(st.integers(1, 3))):
        name, key = draw(st.sampled_from([*KEYS, *MAY_BE_MISSING, ("fetch", "custom")]))
        touched.add(name)
        kind = draw(st.sampled_from(["value"] * 8 + ["drop", "rename", "add"]))
        if key == "custom":
            sections[name][key] = draw(st.sampled_from(["{}", "", "[]", "[a]", "3", "{3: a}"]))
        elif kind == "value":
            sections[name][key] = draw(values_for(name, key))
        elif kind == "add":
            sections[name][draw(st.sampled_from(["epoch", "help", "x", "no-seed"]))] = "true"
        else:
            value = sections[name].pop(key, "1")
            sections[name] |= {key[:-1] + "z": value} if kind == "rename" else {}
    texts = {
        name: f"{name}:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items())
        for name, keys in sections.items()
    }
    main_part, claims = (
        "".join(texts[name] for name in own) for own in (MAIN_PARAMS, CLAIM_PARAMS)
    )
    return main_part + MARK + claims, "".join(texts[name] for name in texts if name in touched)


@settings(
    max_examples=VARIATIONS,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(variations())
def test_variations_are_taken_by_check_and_by_their_stage_or_by_neither(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, varied: tuple[str, str]
) -> None:
    text, touched = varied
    lines = problems(text, capsys)
    try:
        params = parse_yaml(touched, "params.yaml")
    except (DvcException, ValueError, KeyError):
        assert lines  # DVC cannot read it either
        return
    for section in params:
        alone = [*problems_of_section(section, params[section], DECLARED[section])]
        taken = parsed(section, params[section], monkeypatch) == 0
        complaint = capsys.readouterr().err
        assert not taken or not complaint
        assert complaint.count("\n") <= 1
        keys = flat(params[section] or {})
        whole = PARAMS[section].keys() <= keys.keys() <= DECLARED[section].keys() and all(
            same_form(value, own_value(section, key)) for key, value in keys.items()
        )
        assert (not alone) == (taken and whole), (params[section], alone, complaint)
        assert {f"error: {line}" for line in alone} <= {*lines}


SMALL = st.fixed_dictionaries(
    {
        "normalize": st.fixed_dictionaries(
            {
                "scaling": st.sampled_from(["unit", "standard"]),
                "deskew": st.booleans(),
                "edges": st.booleans(),
            }
        ),
        "batch": st.fixed_dictionaries(
            {
                "validation": st.integers(1, 320),
                "batch_size": st.integers(1, 320),
                "seed": st.integers(0, 2**63 - 1),
            }
        ),
        "train": st.fixed_dictionaries(
            {
                "hidden": st.lists(st.integers(1, 8), max_size=3),
                "activation": st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu"]),
                "cost": st.sampled_from(["quadratic", "cross_entropy"]),
                "learning_rate": st.floats(0, 1e6),
                "gain": st.floats(0, 100),
                "schedule": st.sampled_from(["constant", "linear", "cosine", "step"]),
                "momentum": st.floats(0, 0.9999),
                "weight_decay": st.floats(0, 1),
                "epochs": st.integers(1, 2),
                "full_batch": st.booleans(),
                "augment.probability": st.floats(0, 1),
                "augment.shift": st.integers(0, 30),
                "augment.rotation": st.floats(0, 180),
                "augment.scale": st.floats(0, 0.9),
                "augment.shear": st.floats(0, 2),
                "augment.thickness": st.floats(0, 5),
                "augment.elastic_alpha": st.floats(0, 1000),
                "augment.elastic_sigma": st.floats(0.5, 100),
                "augment.decay": st.floats(0, 1),
                "patience": st.integers(0, 2),
                "seed": st.integers(0, 2**63 - 1),
            }
        ),
    }
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    sample_as_raw(folder / "data/raw", train=300, test=40)
    (folder / CLAIM_PIPELINE).parent.mkdir(parents=True)
    for pipeline in (PIPELINE, CLAIM_PIPELINE):
        shutil.copyfile(ROOT / pipeline, folder / pipeline)
    return folder


@settings(
    max_examples=max(6, VARIATIONS // 25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SMALL)
def test_variations_that_check_takes_run_or_end_in_one_line(
    raw: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, small: dict[str, dict[str, Any]]
) -> None:
    params = PARAMS | {"fetch": PARAMS["fetch"] | asking_for(raw / "data/raw")}
    params |= {name: PARAMS[name] | values for name, values in small.items()}
    params["averaging"] = PARAMS["averaging"] | {"batch_size": 2}
    params["hebb"] = PARAMS["hebb"] | {"images": 2}
    with chdir(raw):
        lines = problems(as_text(params), capsys)
        refused = {line.split(": ")[1].split(".")[0] for line in lines}
        for section in [name for name in COMMANDS if name in small]:  # in the order of the pipeline
            code = parsed(section, params[section], monkeypatch, COMMANDS[section])
            err = capsys.readouterr().err
            assert err.count("\n") <= 1
            assert code == (1 if err else 0)
            if section in refused:
                assert err in [f"{line}\n" for line in lines]
            elif err:
                first, later = "expected first weights whose", "no longer a finite number"
                assert first in err or later in err
            if err:
                return
        monkeypatch.setattr(sys, "argv", ["evaluate"])
        run(evaluate)
        assert "test images" in capsys.readouterr().out
