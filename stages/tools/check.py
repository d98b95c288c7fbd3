"""Look at every parameter before anything runs, of both pipelines: no stage, no DVC, no output.

    make check, or python -m stages check

DVC removes a stage's outputs before it starts the stage, so that a stage which refuses its
parameters has lost them (they stay in DVC's cache). `make` looks here first; `dvc repro` does not.

What one value may be is said once, by the options of the stage's command line, and how values go
together by the ``check`` functions beside the stages (``stages.tools.rules`` asks those): both are
called as the stages call them. Two things a stage cannot see, and are looked for here alone: a key
that is not there, and a value of another type, such as "3" for 3, for DVC hands all values on as
texts.
"""

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from stages.common.files.atomic import StageError
from stages.common.files.paths import CLAIM_PARAMETERS, CLAIM_PIPELINE, PARAMETERS, PIPELINE
from stages.common.runtime.cli import Parameter, as_yaml, parameters_of, problem_of
from stages.tools.rules import Sections, problems_together

FILES = {PARAMETERS: PIPELINE, CLAIM_PARAMETERS: CLAIM_PIPELINE}  # of the same commands
MOST_BYTES, MOST_DEPTH, MOST_VALUES = 100_000, 10, 10_000  # of params.yaml; now 10 kB, 3 and 300


def main() -> int:
    """Print one line for each problem; return 2 if there is one, as for a wrong option."""
    problems: list[str] = []
    sound: Sections = {}
    for path, pipeline in FILES.items():
        try:
            values, wrong = read(path)
            if values is not None or not wrong:
                found, allowed = problems_of(path, values, commands(pipeline))
                wrong, sound = found or wrong, sound | allowed
        except OSError as error:
            wrong = [f"{error.filename}: {error.strerror}"]
        problems += wrong
    problems += problems_together(sound)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        names = " and ".join(map(str, FILES))
        print(f"{names}: every parameter is one that its stage takes")
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
        return values, ["expected values, got a key that YAML cannot read"]


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


def commands(pipeline: Path) -> dict[str, Callable[..., Any]]:
    """The commands of a pipeline that get a section of parameters, by its name, in order."""
    stages = YAML(typ="safe").load(pipeline)["stages"]
    return {
        name: getattr(importlib.import_module(module_of(stage["cmd"])), name)
        for name, stage in stages.items()
        if f"${{{name}}}" in stage["cmd"]
    }


def module_of(cmd: str) -> str:
    """The module that a stage's command runs."""
    return cmd.partition(" -m ")[2].split()[0]


def problems_of(
    path: Path, values: Any, commands: dict[str, Callable[..., Any]]
) -> tuple[list[str], Sections]:
    """One line for each value that its command would not take, and the sections without any."""
    declared = {name: parameters_of(command) for name, command in commands.items()}
    if not isinstance(values, dict):
        return [f"{path}: expected the sections {', '.join(declared)}, got {as_yaml(values)}"], {}
    problems = [
        f"{as_yaml(name)}: no such section{near(name, declared)}; expected {', '.join(declared)}"
        for name in values
        if name not in declared
    ]
    sound: Sections = {}
    for name, parameters in declared.items():
        if found := [*problems_of_section(name, values.get(name), parameters)]:
            problems += found
        else:
            sound[name] = values[name]
    return problems, sound


def problems_of_section(name: str, section: Any, parameters: dict[str, Parameter]) -> Iterator[str]:
    """One line for each key that is missing or not known, and each value that is not allowed."""
    if not isinstance(section, dict):
        got = "nothing" if section is None else as_yaml(section)
        yield f"{name}: expected a section with the keys {', '.join(parameters)}, got {got}"
        return
    section = flat(section, parameters)
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
        if key not in section and "." not in key:  # the stage says which of a group it needs
            yield f"{name}.{key}: missing; expected {parameter.allowed}"


def flat(section: dict[Any, Any], parameters: dict[str, Parameter]) -> dict[Any, Any]:
    """A section with the keys of its groups beside its own, as GROUP.KEY."""
    groups = {name.partition(".")[0] for name in parameters if "." in name}
    unfolded: dict[Any, Any] = {}
    for key, value in section.items():
        if key in groups and isinstance(value, dict):
            unfolded |= {f"{key}.{inner}": one for inner, one in value.items()}
        else:
            unfolded[key] = value
    return unfolded


def is_plain(key: Any) -> bool:
    """Whether a key can stand in a message as it is."""
    return isinstance(key, str) and key.replace(".", "").isidentifier()


def near(name: Any, names: dict[str, Any]) -> str:
    """The known name that was probably meant, as a question."""
    close = difflib.get_close_matches(str(name), names, 1)
    return f" (did you mean {close[0]}?)" if close else ""


if __name__ == "__main__":
    sys.exit(main())
