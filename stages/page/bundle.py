"""The page's ES modules as one script: a page opened from a file may not import any."""

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"

ALLOWED = 'import { a, b } from "./module.js"; and export before a const, a function or a class'
IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([a-z]\w*)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|(?:async )?function|class) (\w+))", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:[ \t]*(?:import|export)\b|.*\bimport\().*$", re.MULTILINE)
DECLARED = re.compile(r"^(?:const|let|(?:async )?function\*?|class) (\w+|[\[{][^=]*)", re.MULTILINE)


def bundle(entry: str = "main.js", folder: Path = WEB) -> str:
    """A module and all that it imports as one script, each after those that it needs.

    Each module becomes a function that is called at once, so that a name at its top is seen in no
    other. What it exports is the function's result, called after the file: ``network_js.forward``
    is ``forward`` of ``network.js``.

    Raises ``ValueError``, which names the module, for any import or export but those ``ALLOWED``;
    if modules import one another in a circle; if one imports a name that the other does not
    export; and if one declares or imports a name twice. ``export let`` is not allowed because an
    import here is a copy: it would not see the values that come later.
    """
    texts: dict[str, str] = {}
    _collect(entry, folder, texts, importers=())
    exports = {module: EXPORT.findall(text) for module, text in texts.items()}
    for module, text in texts.items():
        _check(module, text, exports)
    return "\n".join(_enclosed(module, text, exports[module]) for module, text in texts.items())


def _collect(module: str, folder: Path, texts: dict[str, str], importers: tuple[str, ...]) -> None:
    """Add the text of a module to ``texts``, after those of the modules that it imports."""
    if module in importers:
        raise ValueError(f"a circle of imports: {' -> '.join((*importers, module))}")
    if module in texts:
        return
    text = (folder / module).read_text(encoding="utf-8")
    for _, imported in IMPORT.findall(text):
        _collect(f"{imported}.js", folder, texts, (*importers, module))
    texts[module] = text


def _check(module: str, text: str, exports: dict[str, list[str]]) -> None:
    """Raise ``ValueError`` if a module says anything that its function could not mean."""
    body = EXPORT.sub("", IMPORT.sub("", text))
    left = LEFT_OVER.search(body)
    if left:
        raise ValueError(f"{module}: expected {ALLOWED}, got {left[0]!r}")
    names = [name for head in DECLARED.findall(body) for name in re.findall(r"\w+", head)]
    for listed, other in IMPORT.findall(text):
        for name in filter(None, map(str.strip, listed.split(","))):
            if name not in exports[f"{other}.js"]:
                raise ValueError(f"{module} imports {name}, which {other}.js does not export")
            names.append(name)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{module} declares or imports {name} twice")


def _enclosed(module: str, text: str, exports: list[str]) -> str:
    """A module as a function that is called at once and returns what the module exports."""
    body = EXPORT.sub("", IMPORT.sub(r"const {\1} = \2_js;", text))
    name = module.replace(".", "_")
    return f"const {name} = (() => {{\n{body}\nreturn {{{', '.join(exports)}}};\n}})();\n"
