"""The page's ES modules as one script: a page opened from a file may not import any."""

import re
from pathlib import Path

PAGE = Path(__file__).parent / "web"

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";[^\n]*\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
SEVERAL = re.compile(r"^(?:const|let) \[([^\]]*)\] =", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundle(entry: str = "main.js", folder: Path = PAGE) -> str:
    """A module and all that it imports as one module, each after those that it needs.

    All share one scope, so every name at the top of a module must be the only one of its kind.
    Raises ``ValueError`` if it is not, if modules import one another in a circle, or for any
    import or export that is not ``import { a, b } from "./module.js";`` or ``export`` before a
    declaration.
    """
    modules: dict[str, str] = {}
    owners: dict[str, str] = {}
    _add(entry, folder, modules, waiting=())
    for name, text in modules.items():
        left = LEFT_OVER.search(text)
        if left:
            raise ValueError(f"{name}: only plain imports and exports by name, got {left[0]!r}")
        for declared in _names(text):
            if owners.setdefault(declared, name) != name:
                raise ValueError(f"{declared} is declared in {owners[declared]} and in {name}")
    return "\n".join(modules.values())


def _add(name: str, folder: Path, modules: dict[str, str], waiting: tuple[str, ...]) -> None:
    if name in waiting:
        raise ValueError(f"a circle of imports: {' -> '.join((*waiting, name))}")
    if name in modules:
        return
    text = (folder / name).read_text(encoding="utf-8")
    for imported in IMPORT.findall(text):
        _add(imported, folder, modules, (*waiting, name))
    modules[name] = EXPORT.sub("", IMPORT.sub("", text))


def _names(text: str) -> list[str]:
    several = [name.strip() for group in SEVERAL.findall(text) for name in group.split(",")]
    return [*DECLARED.findall(text), *(re.sub(r" *=.*", "", name) for name in several)]
