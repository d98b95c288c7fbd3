"""All commands, in groups with a line each; and any of them by its name.

python -m stages
python -m stages train --help
python -m stages predict photo.jpg
"""

import ast
import difflib
import runpy
import sys
from pathlib import Path

from stages.common.files.paths import CLAIM_PIPELINE, PIPELINE
from stages.common.runtime.imports import ROOT

TOOLS = ("check", "recipe", "predict", "export", "repair")


def groups() -> dict[str, dict[str, str]]:
    """The modules of all commands by group and name."""
    return {
        "pipeline": pipeline_of(ROOT / PIPELINE),
        "claims": pipeline_of(ROOT / CLAIM_PIPELINE),
        "tools": {name: f"stages.tools.{name}" for name in TOOLS},
    }


def pipeline_of(path: Path) -> dict[str, str]:
    """The modules that the stages of a pipeline run, in their order."""
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(path)["stages"]
    return {name: stage["cmd"].split(" -m ")[1].split()[0] for name, stage in stages.items()}


def main() -> None:
    """Run the command that is named first, with the rest as its own words; or list all."""
    commands = {name: module for group in groups().values() for name, module in group.items()}
    name, *rest = sys.argv[1:] or [""]
    if name in commands:
        sys.argv = [commands[name], *rest]
        runpy.run_module(commands[name], run_name="__main__", alter_sys=True)
    elif name in {"", "--help", "-h"}:
        print(listing())
    else:
        close = difflib.get_close_matches(name, commands, 1)
        hint = f"did you mean {close[0]}?" if close else "python -m stages lists all"
        print(f"error: {name}: no such command; {hint}", file=sys.stderr)
        raise SystemExit(2)


def listing() -> str:
    """All commands, with the first sentence of what they do."""
    lines = ["python -m stages COMMAND --help tells what a command takes."]
    for title, commands in groups().items():
        lines += ["", title]
        lines += [f"  {name:13} {summary(module, name)}" for name, module in commands.items()]
    return "\n".join(lines)


def summary(module: str, name: str) -> str:
    """The first line of a command's docstring, or of its module's."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return (ast.get_docstring(tree) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
