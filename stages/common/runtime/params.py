"""Parameters, declared once: a section of params.yaml is a dataclass, a key is one of its fields.

From a declaration come the command line and its --help (``cli``), what ``make check`` allows, and
the comments of params.yaml, which a test holds against it:

    @dataclass(frozen=True, kw_only=True)
    class Batch:
        \"\"\"Validation images off, the rest shuffled once, cut into mini-batches.\"\"\"

        validation: Annotated[int, whole(1, 10**9, "images set aside")]
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, NoReturn, TypeAlias, get_args, get_origin, get_type_hints

MOST_SHOWN = 80  # characters of a wrong value that are told
OPEN = 10**6  # whole numbers to here or beyond are told as "or more"
TYPES = {int: (int,), float: (int, float), str: (str,), bool: (bool,)}  # of YAML's values
FORMS = {int: "a number without quotes", float: "a number without quotes", str: "text in quotes"}
WORDS = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True)
class Rule:
    """What a text must be to become a value, and a sentence about what the value does.

    ``parse`` makes the value; it raises ``ValueError``, whose text says what is expected.
    """

    about: str  # with the limits where {} is, or else at the end
    allowed: str  # in short, as --help says it: 1..100
    parse: Callable[[str], Any]
    limits: str = ""  # the same as a comment says it: ", 1 to 100"

    @property
    def comment(self) -> str:
        """The comment beside the key in params.yaml."""
        about = self.about if "{}" in self.about else self.about + "{}"
        return about.format(self.limits)

    @property
    def help(self) -> str:
        """The sentence without the limits, which --help shows apart."""
        return self.about.format("")


def whole(low: int, high: int, about: str) -> Rule:
    """A whole number from ``low`` to ``high``."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            refuse(f"a whole number from {low} to {high}", text)
        return number

    limits = f", {low} or more" if high >= OPEN else _limits(low, high)
    return Rule(about, f"{low}..{high}", parse, limits)


def real(low: float, high: float, about: str) -> Rule:
    """A number from ``low`` to ``high``."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            refuse(f"a number from {low:g} to {high:g}", text)
        return number

    return Rule(about, f"{low:g}..{high:g}", parse, _limits(low, high))


def choice(names: Iterable[str], about: str) -> Rule:
    """One of a few names."""
    allowed = [*names]

    def parse(text: str) -> str:
        if text not in allowed:
            refuse("one of " + ", ".join(allowed), text)
        return text

    return Rule(about, "|".join(allowed), parse, ": " + ", ".join(allowed))


def switch(about: str) -> Rule:
    """True or false."""

    def parse(text: str) -> bool:
        if text not in ("true", "false"):
            refuse("true or false", text)
        return text == "true"

    return Rule(about, "true or false", parse)


# Neurons of hidden layers, of which there may be none.
Hidden: TypeAlias = Annotated[
    list[int], whole(1, 10**6, "neurons of each hidden layer{}; [] for none")
]


def _limits(low: float, high: float) -> str:
    """A range as a comment says it: ", 1 to 100", ", 0 to 1e6"."""
    ends = (f"{end:g}".replace("e+0", "e").replace("e-0", "e-") for end in (low, high))
    return ", " + " to ".join(ends)


def refuse(expected: str, got: object) -> NoReturn:
    """Raise ``ValueError`` in the words of all messages."""
    raise ValueError(f"expected {expected}, got {shown(got)}")


@dataclass(frozen=True)
class Parameter:
    """One key of a section: a value of a kind, or a list of them."""

    name: str  # with a dot if it lies in a part of the section: augment.shift
    kind: type  # int, float, str or bool
    many: bool
    may_be_empty: bool  # a list that is empty, which DVC leaves out of the command line
    may_be_missing: bool  # from params.yaml: in a part of the section that need not be filled in
    rule: Rule


def parameters_of(section: Any) -> dict[str, Parameter]:
    """The parameters of a section by name, those of its parts with a dot."""
    return {one.name: one for one in _parameters(section, "", may_be_missing=False)}


def _parameters(section: Any, prefix: str, *, may_be_missing: bool) -> Iterator[Parameter]:
    hints = get_type_hints(section, include_extras=True)
    for field in fields(section):
        name, hint = prefix + field.name, hints[field.name]
        has_default = field.default_factory is not MISSING
        if is_dataclass(hint):
            yield from _parameters(hint, f"{name}.", may_be_missing=has_default)
            continue
        kind, rule = get_args(hint)
        many = get_origin(kind) is list
        kind = get_args(kind)[0] if many else kind
        yield Parameter(name, kind, many, has_default, may_be_missing, rule)


RENAMED = {  # parameters that had another name, or another place, before
    "train.distorted": "train.augment.probability",
    "train.shift": "train.augment.shift",
    "train.rotation": "train.augment.rotation",
    "train.scaling": "train.augment.scale",
    "train.shear": "train.augment.shear",
    "train.elastic": "train.augment.elastic_alpha",
    "train.smoothness": "train.augment.elastic_sigma",
    "train.fading": "train.augment.decay",
    "normalize.transpose": "fetch.custom.transpose",
    "normalize.first_label": "fetch.custom.first_label",
    "normalize.classes": "fetch.custom.classes",
    "report.credit": "fetch.custom.credit",
    "paths.longer": "paths.passes_factor",
    "layers_alone.longer": "layers_alone.epochs_factor",
    "memorize.amounts": "memorize.train_sizes",
    "amount.amounts": "amount.train_sizes",
    **{
        f"fetch.{part}_{kind}{what}": f"fetch.custom.{part}_{kind}{what}"
        for part in ("train", "test")
        for kind in ("images", "labels")
        for what in ("", "_bytes", "_sha256")
    },
}


def moved(section: str, name: str) -> str:
    """Where a parameter of an earlier version stands now, in words; nothing if it never was."""
    now = RENAMED.get(f"{section}.{name}")
    return f"it is {now} now" if now else ""


def made(section: Any, values: dict[str, Any]) -> Any:
    """A section of values by name, as ``parameters_of`` names them.

    What has a default may be left out.
    """
    hints = get_type_hints(section, include_extras=True)
    fields_given: dict[str, Any] = {}
    for field in fields(section):
        if is_dataclass(hints[field.name]):
            inner = f"{field.name}."
            part = {k.removeprefix(inner): v for k, v in values.items() if k.startswith(inner)}
            fields_given[field.name] = made(hints[field.name], part)
        elif field.name in values:
            fields_given[field.name] = values[field.name]
    return section(**fields_given)


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """A section's values by name, those of its parts with a dot: the reverse of ``made``."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flattened |= {f"{key}.{name}": one for name, one in flat(value).items()}
        else:
            flattened[key] = value
    return flattened


def shown(value: object) -> str:
    """A value in one short line, as a message tells it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = "a number of very many digits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def as_yaml(value: object) -> str:
    """The same, but true, false and null as params.yaml writes them."""
    return WORDS[value] if value is None or isinstance(value, bool) else shown(value)


def written(value: Any) -> str:
    """A value as one would write it: 3, 0.5, tanh, true, [16,16]."""
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, float):
        return short if float(short := f"{value:g}") == value else repr(value)
    return value if isinstance(value, str) else as_yaml(value)


def problem_of(value: object, parameter: Parameter) -> str:
    """Why a command would not take a value of params.yaml, or nothing."""
    if not parameter.many:
        return _problem(value, parameter)
    allowed = parameter.rule.allowed
    if not isinstance(value, list):
        return f"expected a list, each item {allowed}, got {as_yaml(value)}; write it in [ ]"
    if not value and not parameter.may_be_empty:
        return f"expected a list of one or more items, each {allowed}, got []"
    return next(filter(None, (_problem(item, parameter) for item in value)), "")


def _problem(value: object, parameter: Parameter) -> str:
    fits = type(value) in TYPES[parameter.kind]
    if parameter.kind is bool:
        return "" if fits else f"expected true or false, got {as_yaml(value)}"
    try:
        # DVC writes the value on a command line, and the command parses the text.
        parameter.rule.parse(str(value) if isinstance(value, str | float) else as_yaml(value))
    except ValueError as error:
        return str(error)
    if not fits:
        return f"expected {FORMS[parameter.kind]}, got {as_yaml(value)}"
    return "expected text, got a NUL" if "\0" in str(value) else ""
