"""Look at every parameter before anything runs, of both pipelines: no stage, no DVC, no output.

    make check, or python -m stages check

DVC removes a stage's outputs before it starts the stage, so that a stage which refuses its
parameters has lost them (they stay in DVC's cache). `make` looks here first; `dvc repro` does not.

What one value may be is declared once, in the dataclass that the command takes; how values go
together is said by the function ``check`` beside a command, which the command calls, too. Two
things a command cannot see, and are looked for here alone: a key that is not there, and a value of
another type, such as "3" for 3, for DVC hands all values on as texts.
"""

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.batch import BatchParams
from stages.common.files.atomic import StageError, one_line
from stages.common.files.paths import CLAIM_PARAMETERS, CLAIM_PIPELINE, PARAMETERS, PIPELINE
from stages.common.images.outlook import NotInDataError
from stages.common.runtime.cli import section_of
from stages.common.runtime.params import (
    Parameter,
    as_yaml,
    flat,
    made,
    moved,
    parameters_of,
    problem_of,
)
from stages.fetch import FetchParams
from stages.normalize import NormalizeParams
from stages.tools.expected import outlook_after_batch, outlook_before_batch

FILES = {PARAMETERS: PIPELINE, CLAIM_PARAMETERS: CLAIM_PIPELINE}  # and what takes them

Command = Callable[..., Any]
Sections = dict[Command, Any]  # the parameters of commands that would take them


def main() -> int:
    """Print one line for each problem; return 2 if there is one, as for a wrong option."""
    problems: list[str] = []
    sound: Sections = {}
    for path, pipeline in FILES.items():
        try:
            values, sections = read(path), commands(pipeline)
            wrong, allowed = problems_of(path, values, sections)
            problems, sound = problems + wrong, sound | allowed
        except StageError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{error.filename}: {error.strerror}")
    wrong, notes = cross_checks(sound)
    problems += wrong
    for note in notes:
        print(f"note: {note}; this claim is left out")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not problems:
        names = " and ".join(map(str, FILES))
        print(f"{names}: every parameter is one that its stage takes")
    return 2 if problems else 0


def read(path: Path) -> Any:
    """The values of a YAML file as DVC reads them; ``StageError`` for a file that is none."""
    try:
        return YAML(typ="safe").load(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise StageError(f"{path}, line {line}: expected UTF-8, got byte {byte:#04x}") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}, line {mark.line + 1}, column {mark.column + 1}"
        raise StageError(f"{place}: {one_line(error.problem)}") from error
    except (YAMLError, ValueError, KeyError, RecursionError) as error:  # 2001-99-99, !!bool x
        raise StageError(f"{path}: expected only values of YAML: {one_line(error)}") from error


def commands(pipeline: Path) -> dict[str, Command]:
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


# --- every value on its own


def problems_of(
    path: Path, values: Any, commands: dict[str, Command]
) -> tuple[list[str], Sections]:
    """One line for each value that its command would not take, and the sections without any."""
    if not isinstance(values, dict):
        return [f"{path}: expected the sections {', '.join(commands)}, got {as_yaml(values)}"], {}
    problems = [
        f"{as_yaml(name)}: no such section{near(name, commands)}; expected {', '.join(commands)}"
        for name in values
        if name not in commands
    ]
    sound: Sections = {}
    for name, command in commands.items():
        section = section_of(command)
        if of_section := [*problems_of_section(name, values.get(name), parameters_of(section))]:
            problems += of_section
        else:
            sound[command] = made(section, flat(values[name]))
    return problems, sound


def problems_of_section(name: str, section: Any, parameters: dict[str, Parameter]) -> Iterator[str]:
    """One line for each key that is missing or not known, and each value that is not allowed."""
    if not isinstance(section, dict):
        got = "nothing" if section is None else as_yaml(section)
        yield f"{name}: expected a section with the keys {', '.join(parameters)}, got {got}"
        return
    parts = {name.rpartition(".")[0] for name in parameters}
    values: dict[Any, Any] = {}
    for key, value in section.items():
        values |= flat({key: value}) if key in parts else {key: value}
    for key, value in values.items():
        if key not in parameters:
            place = key if is_plain(key) else as_yaml(key)
            hint = moved(name, str(key)) or f"expected one of {', '.join(parameters)}"
            yield (
                f"{name}.{place}: no such parameter{near(key, parameters)}; "
                f"got {as_yaml(value)}, {hint}"
            )
        elif problem := problem_of(value, parameters[key]):
            yield f"{name}.{key}: {problem}"
    for key, parameter in parameters.items():
        if key not in values and not parameter.may_be_missing:
            yield f"{name}.{key}: missing; expected {parameter.rule.allowed}"


def is_plain(key: Any) -> bool:
    """Whether a key can stand in a message as it is."""
    return isinstance(key, str) and key.replace(".", "_").isidentifier()


def near(name: Any, names: dict[str, Any]) -> str:
    """The known name that was probably meant, as a question."""
    close = difflib.get_close_matches(str(name), names, 1)
    return f" (did you mean {close[0]}?)" if close else ""


# --- values together


def cross_checks(sound: Sections) -> tuple[list[str], list[str]]:
    """One line for each combination that its command would refuse, as far as it is known now.

    And one for each that leaves a claim out, since the images lack what it asks of them.

    Each command's own function ``check`` is asked, with what it names by type: sections of
    parameters, and what is known of the images. What is not known is left to the command.
    """
    known = {type(params): params for params in sound.values()}
    try:
        known |= outlooks(known)
    except StageError as error:
        return [str(error)], []
    problems: list[str] = []
    notes: list[str] = []
    for command in sound:
        check = getattr(sys.modules[command.__module__], "check", None)
        hints = get_type_hints(check) if check else {}
        arguments = [_first(known, hint) for name, hint in hints.items() if name != "return"]
        if check and None not in arguments:
            try:
                check(*arguments)
            except NotInDataError as error:
                notes.append(str(error))
            except StageError as error:
                problems.append(str(error))
    return [*dict.fromkeys(problems)], [*dict.fromkeys(notes)]


def outlooks(known: dict[type, Any]) -> dict[type, Any]:
    """What is known of the images that are left to train on; nothing if a section is missing."""
    if not known.keys() >= {FetchParams, NormalizeParams, BatchParams}:
        return {}
    before = outlook_before_batch(known[FetchParams], known[NormalizeParams])
    after = outlook_after_batch(before, known[BatchParams])
    return {type(after): after}


def _first(known: dict[type, Any], wanted: type) -> Any:
    return next((value for kind, value in known.items() if issubclass(kind, wanted)), None)


if __name__ == "__main__":
    sys.exit(main())
