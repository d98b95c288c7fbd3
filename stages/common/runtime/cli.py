"""How a command starts and fails: options made from its parameters, and every failure in one line.

DVC unpacks a section of params.yaml into a command's options.
"""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from itertools import pairwise
from time import perf_counter
from typing import Annotated, Any, NoReturn, get_type_hints

import typer

from stages.common.files.atomic import StageError
from stages.common.runtime.determinism import tell_deviation
from stages.common.runtime.locks import exclusive_lock
from stages.common.runtime.params import Parameter, made, moved, parameters_of
from stages.common.runtime.signals import StoppedError, exit_with_parent, raise_on_signals

INTERRUPTED = 130  # what a shell gives for Ctrl-C; typer returns it instead of passing it on
# The base of typer's complaints about a command line, which it does not export.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def section_of(command: Callable[..., Any]) -> Any:
    """The dataclass that a command takes, its section of params.yaml; None if it takes none."""
    hints = {name: hint for name, hint in get_type_hints(command).items() if name != "return"}
    return next((hint for hint in hints.values() if is_dataclass(hint)), None)


def run(command: Callable[..., Any], *, writes: bool = True) -> None:
    """Run a command; whatever the user can mend is told in one line, with an exit code not 0.

    Exit codes: 1 for a failure, 2 for a wrong parameter, 128 and the signal's number if stopped by
    one, because DVC takes a stage that exits 0 as done. A command that ``writes`` has its folder to
    itself, and ends with the DVC that started it: nobody else would record its outputs, and
    another DVC may be about to bring back other ones.
    """
    section = section_of(command)
    parameters = parameters_of(section) if section else {}
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    entry = _with_options(command, section, parameters) if section else command
    app.command()(_with_lock(entry) if writes else entry)
    arguments = sys.argv[1:]
    if writes and "DVC_STAGE" in os.environ:
        exit_with_parent(os.getppid())
    try:
        _refuse_repeated(command.__name__, parameters, arguments)
        program = f"python -m {getattr(sys.modules['__main__'].__spec__, 'name', command.__name__)}"
        with raise_on_signals():
            interrupted = app(arguments, prog_name=program, standalone_mode=False) == INTERRUPTED
    except UsageError as error:
        _fail(_explain(error, command.__name__, parameters, arguments), code=2)
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


def _with_options(
    command: Callable[..., Any], section: Any, parameters: Mapping[str, Parameter]
) -> Callable[..., None]:
    """The command as typer takes it: a function of one keyword for each parameter."""

    @wraps(command)
    def entry(**options: Any) -> None:
        values = {name: options[_identifier(name)] for name in parameters}
        command(made(section, {name: v for name, v in values.items() if v is not None}))

    signature = [_as_argument(parameter) for parameter in parameters.values()]
    entry.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    entry.__annotations__ = {argument.name: argument.annotation for argument in signature}
    return entry


def _as_argument(parameter: Parameter) -> inspect.Parameter:
    name, rule, kind = parameter.name, parameter.rule, parameter.kind

    def parse(text: str) -> Any:
        try:
            return rule.parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    if kind is bool:
        option = typer.Option(f"--{name}/--no-{name}", help=rule.help)
    else:
        option = typer.Option(f"--{name}", parser=parse, metavar=rule.allowed, help=rule.help)
    hint: Any = list[kind] if parameter.many else kind  # type: ignore[valid-type]
    default: Any = inspect.Parameter.empty
    if parameter.may_be_empty or parameter.may_be_missing:
        hint, default = hint | None, None
    return inspect.Parameter(
        _identifier(name),
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[hint, option],
    )


def _identifier(name: str) -> str:
    """A parameter's name as Python's: augment.shift is augment__shift."""
    return name.replace(".", "__")


def _with_lock(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, alone in its folder, which says at its end how long it took."""

    @wraps(command)
    def locked(*arguments: Any, **options: Any) -> None:
        tell_deviation()
        with exclusive_lock(command.__name__):
            start = perf_counter()
            command(*arguments, **options)
        print(f"{command.__name__} took {perf_counter() - start:.1f} s", flush=True)

    return locked


def _fail(message: str, code: int) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(code)


def _refuse_repeated(
    section: str, parameters: Mapping[str, Parameter], arguments: list[str]
) -> None:
    """Refuse a list where one value is meant; the parser would silently take the last."""
    for name, parameter in parameters.items():
        if parameter.many or parameter.kind is bool:
            continue
        values = [value for option, value in pairwise(arguments) if option == f"--{name}"]
        if len(values) > 1:
            _fail(f"{section}.{name}: expected one value, got the list {values}", code=2)


def _explain(
    error: Exception, section: str, parameters: Mapping[str, Parameter], arguments: list[str]
) -> str:
    """Name the parameter as params.yaml does: its section, a dot, its key."""
    message = getattr(error, "message", str(error))
    parameter, option = getattr(error, "param", None), getattr(error, "option_name", None)
    if parameter is not None:
        name = parameter.name.replace("__", ".")
        if type(error).__name__ == "MissingParameter":
            message = f"missing; add it to params.yaml, section {section}"
        return f"{section}.{name}: {message}"
    if type(error).__name__ == "NoSuchOption" and option:
        name = option.lstrip("-").removeprefix("no-")
        names = ", ".join(parameters)
        hint = moved(section, name) or f"or not true or false; expected {names}"
        return f"{section}.{name}: no such parameter, {hint}"
    if option:
        return f"{section}.{option.lstrip('-')}: expected a value, got true"
    for before, value in pairwise(arguments):
        if f"({value})" in message and before.startswith("--"):
            name = before.lstrip("-").removeprefix("no-")
            return f"{section}.{name}: expected true or false, got {value!r}"
    return f"{section}: {message}"
