"""Which files of the project run when one of its modules does."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]  # of the source files


def closure(module: str) -> frozenset[Path]:
    """The source files of a module of the project, and of all that it imports from the project.

    Imports count wherever they stand in a file; so do the packages that modules lie in.
    """
    closure: set[Path] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        path = ROOT.joinpath(*name.split("."))
        for source in (path.with_suffix(".py"), path / "__init__.py"):
            if source.is_file() and source not in closure:
                closure.add(source)
                waiting |= imports(source)
    return frozenset(closure)


@cache
def imports(source: Path) -> frozenset[str]:
    """The names, with dots, that a source file may import: modules, their packages, what they hold.

    Raises ``ValueError`` for an import that begins with a dot: the project has none.
    """
    package = source.relative_to(ROOT).parent.parts
    names = {".".join(package[:depth]) for depth in range(1, len(package) + 1)}
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ValueError(f"{source}, line {node.lineno}: imports begin with a package here")
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parents = {name.rpartition(".")[0] for name in names}
    return frozenset((names | parents) - {""})
