"""The command line of a stage: options that check their values, and failures in one line.

DVC unpacks a section of params.yaml into a stage's options, so these are the parameters' types.
"""

import inspect
import math
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import pairwise
from types import NoneType
from typing import Any, NamedTuple, NoReturn, get_args, get_origin, get_type_hints

import typer

from stages.common.files.atomic import StageError
from stages.common.runtime.determinism import tell_deviation
from stages.common.runtime.locks import alone
from stages.common.runtime.signals import StoppedError, end_with, heeded

INTERRUPTED = 130  # what a shell gives for Ctrl-C; typer returns it instead of passing it on
# The base of typer's complaints about a command line, which it does not export.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


MOST_SHOWN = 80  # characters of a wrong value that are told
TYPES = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}  # of YAML's values
FORMS = {int: "a number without quotes", float: "a number without quotes", str: "text in quotes"}
WORDS = {True: "true", False: "false", None: "null"}


class Parameter(NamedTuple):
    """What a stage takes for one key of its section: one value of a kind, or a list of them."""

    kind: type  # int, float, str or bool
    many: bool
    may_be_empty: bool
    allowed: str  # in short, as --help says it
    parse: Callable[[str], Any] | None  # raises ``UsageError`` for a text that is not allowed


def parameters_of(command: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a stage's command line by name, as its signature declares them."""
    hints = get_type_hints(command, include_extras=True)
    return {name: _declared(hints[key]) for key, name in names_of(command).items()}


def names_of(command: Callable[..., Any]) -> dict[str, str]:
    """What the options call each parameter, by its name in the signature: --a.b is a_b there.

    DVC unpacks the key b of a group a to --a.b.
    """
    hints = get_type_hints(command, include_extras=True)
    return {key: _option_name(key, hints[key]) for key in inspect.signature(command).parameters}


def _option_name(key: str, hint: Any) -> str:
    # In an annotation, typer takes what stands first, here the option itself, for the default.
    option = str(getattr((get_args(hint) or [None])[-1], "default", ""))
    return option.partition("/")[0].removeprefix("--") if option.startswith("--") else key


def _declared(hint: Any) -> Parameter:
    """The parameter behind ``Annotated[kind, option]``, the kind maybe in a list."""
    inner, option = get_args(hint)
    may_be_empty = NoneType in get_args(inner)  # list[kind] | None
    whole_kind = get_args(inner)[0] if may_be_empty else inner
    many = get_origin(whole_kind) is list
    kind = get_args(whole_kind)[0] if many else whole_kind
    allowed = "true or false" if kind is bool else option.metavar
    return Parameter(kind, many, may_be_empty, allowed, option.parser)


def whole(name: str, low: int, high: int, about: str) -> Any:
    """Option for a whole number from ``low`` to ``high``."""

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            _refuse(f"a whole number from {low} to {high}", value)
        return number

    return typer.Option(f"--{name}", parser=parse, metavar=f"{low}..{high}", help=about)


def real(name: str, low: float, high: float, about: str) -> Any:
    """Option for a number from ``low`` to ``high``."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            _refuse(f"a number from {low:g} to {high:g}", value)
        return number

    return typer.Option(f"--{name}", parser=parse, metavar=f"{low:g}..{high:g}", help=about)


def choice(name: str, allowed: Iterable[str], about: str) -> Any:
    """Option for one of a few names."""
    names = list(allowed)

    def parse(value: str) -> str:
        if value not in names:
            _refuse("one of " + ", ".join(names), value)
        return value

    return typer.Option(f"--{name}", parser=parse, metavar="|".join(names), help=about)


def switch(name: str, about: str) -> Any:
    """Option for true or false: ``--name`` or ``--no-name``."""
    return typer.Option(f"--{name}/--no-{name}", help=about)


def shown(value: Any) -> str:
    """A value in one short line, as a message tells it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = "a number of very many digits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def problem_of(value: Any, parameter: Parameter) -> str:
    """Why a stage would not take a value, or nothing."""
    if not parameter.many:
        return problem_of_one(value, parameter)
    if not isinstance(value, list):
        got = as_yaml(value)
        return f"expected a list, each item {parameter.allowed}, got {got}; write it in [ ]"
    if not value and not parameter.may_be_empty:
        return f"expected a list of one or more items, each {parameter.allowed}, got []"
    return next(filter(None, (problem_of_one(one, parameter) for one in value)), "")


def problem_of_one(value: Any, parameter: Parameter) -> str:
    """The same for one value, or for one of a list."""
    fits = type(value) in TYPES[parameter.kind]
    if parameter.parse is None:
        return "" if fits else f"expected {parameter.allowed}, got {as_yaml(value)}"
    try:
        # DVC writes the value on a command line, and the stage's option parses the text.
        text = str(value) if isinstance(value, str | float) else as_yaml(value)
        parameter.parse(text)
    except UsageError as error:
        return str(getattr(error, "message", error))
    if not fits:
        return f"expected {FORMS[parameter.kind]}, got {as_yaml(value)}"
    return "expected text, got a NUL" if "\0" in str(value) else ""


def as_yaml(value: Any) -> str:
    """The same, but true, false and null as params.yaml writes them."""
    return WORDS[value] if value is None or isinstance(value, bool) else shown(value)


def _refuse(expected: str, value: str) -> NoReturn:
    message = f"expected {expected}, got {shown(value)}"
    raise typer.BadParameter(message)


def run(command: Callable[..., Any], *, writes: bool = True) -> None:
    """Run a stage; whatever the user can mend is told in one line, with an exit code that is not 0.

    Exit codes: 1 for a failure, 2 for a wrong parameter, 128 and the signal's number if stopped by
    one, because DVC takes a stage that exits 0 as done. A command that ``writes`` has its folder to
    itself, and ends with the DVC that started it: nobody else would record its outputs, and
    another DVC may be about to bring back other ones.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(_alone(command) if writes else command)
    arguments = sys.argv[1:]
    if writes and "DVC_STAGE" in os.environ:
        end_with(os.getppid())
    try:
        _refuse_repeated(command, arguments)
        program = f"python -m {getattr(sys.modules['__main__'].__spec__, 'name', command.__name__)}"
        with heeded():
            interrupted = app(arguments, prog_name=program, standalone_mode=False) == INTERRUPTED
    except UsageError as error:
        _fail(_explain(error, command, arguments), code=2)
    except StageError as error:
        _fail(str(error), code=1)
    except OSError as error:
        _fail(f"{error.filename or command.__name__}: {error.strerror or error}", code=1)
    except MemoryError:
        _fail(f"{command.__name__}: out of memory; lower the sizes in params.yaml", code=1)
    except StoppedError as stop:
        _fail(f"{command.__name__}: {stop}", code=128 + stop.number)
    except (KeyboardInterrupt, typer.Abort):
        interrupted = True
    if interrupted:
        _fail(f"{command.__name__}: interrupted", code=INTERRUPTED)


def _alone(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def locked(*arguments: Any, **options: Any) -> None:
        tell_deviation()
        with alone(command.__name__):
            command(*arguments, **options)

    return locked


def _fail(message: str, code: int) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)


def _refuse_repeated(command: Callable[..., Any], arguments: list[str]) -> None:
    """Refuse a list where one value is meant; the parser would silently take the last."""
    names = names_of(command)
    for key, parameter in inspect.signature(command).parameters.items():
        if "list[" in str(parameter.annotation) or "bool" in str(parameter.annotation):
            continue
        name = names[key]
        values = [value for option, value in pairwise(arguments) if option == f"--{name}"]
        if len(values) > 1:
            _fail(f"{command.__name__}.{name}: expected one value, got the list {values}", code=2)


def _explain(error: Exception, command: Callable[..., Any], arguments: list[str]) -> str:
    """Name the parameter as params.yaml does: its section, a dot, its key."""
    section, message = command.__name__, getattr(error, "message", str(error))
    parameter, option = getattr(error, "param", None), getattr(error, "option_name", None)
    if type(error).__name__ == "MissingParameter" and parameter is not None:
        name = parameter.opts[0].lstrip("-")
        return f"{section}.{name}: missing; add it to params.yaml, section {section}"
    if parameter is not None:
        return f"{section}.{parameter.opts[0].lstrip('-')}: {message}"
    if type(error).__name__ == "NoSuchOption" and option:
        name = option.lstrip("-").removeprefix("no-")
        names = ", ".join(names_of(command).values())
        return f"{section}.{name}: no such parameter, or not true or false; expected {names}"
    if option:
        return f"{section}.{option.lstrip('-')}: expected a value, got true"
    for before, value in pairwise(arguments):
        if f"({value})" in message and before.startswith("--"):
            name = before.lstrip("-").removeprefix("no-")
            return f"{section}.{name}: expected true or false, got {value!r}"
    return f"{section}: {message}"
