"""Modules become one script in which each keeps its names to itself, or are refused by name."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stages.page.bundle import WEB, bundle
from tests.page.chromium import refuse_or_skip


def write_modules(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder


def answer_of(script: str, expression: str) -> Any:
    """What an expression gives, under Node, after a script that is a module."""
    program = shutil.which("node")
    if program is None:
        refuse_or_skip("no node found", "on Debian: apt-get install nodejs")
    command = [str(program), "--input-type=module"]
    text = f"{script}\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert not done.stderr
    return json.loads(done.stdout)


def test_modules_become_one_script_in_the_order_of_their_imports(tmp_path: Path) -> None:
    folder = write_modules(
        tmp_path,
        main='import { one } from "./a.js";\nimport { two } from "./b.js";\none(two);\n',
        a='import {\n  two,\n} from "./b.js";\nexport function one() {}\n',
        b="export const two = 2;\n",
    )
    assert bundle(folder=folder) == (
        "const b_js = (() => {\nconst two = 2;\n\nreturn {two};\n})();\n"
        "\n"
        "const a_js = (() => {\nconst {\n  two,\n} = b_js;\nfunction one() {}\n\n"
        "return {one};\n})();\n"
        "\n"
        "const main_js = (() => {\nconst { one } = a_js;\nconst { two } = b_js;\none(two);\n\n"
        "return {};\n})();\n"
    )


def test_names_of_one_module_are_no_names_of_another(tmp_path: Path) -> None:
    counter = """\
let count = {};
const by = {};
export function next{}() {{ return (count += by); }}
"""
    folder = write_modules(
        tmp_path,
        main='import { nextA } from "./a.js";\nimport { nextB } from "./b.js";\n'
        "const count = [nextA(), nextB(), nextA()];\nexport const counts = count;\n",
        a=counter.format(0, 1, "A"),
        b=counter.format(10, 5, "B"),
    )
    script = bundle(folder=folder)
    assert answer_of(script, "main_js.counts") == [1, 15, 2]
    names = "[typeof count, typeof by, typeof nextA, typeof counts]"
    assert answer_of(script, names) == ["undefined"] * 4


def test_functions_classes_and_values_are_exported(tmp_path: Path) -> None:
    text = """\
export const one = 1;
export function two() { return 2; }
export async function three() { return 3; }
export class Four { value = 4; }
"""
    main = 'import { Four, one, three, two } from "./all.js";\n'
    main += "export const all = Promise.all([one, two(), three(), new Four().value]);\n"
    script = bundle(folder=write_modules(tmp_path, main=main, all=text))
    assert answer_of(script, "await main_js.all") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("const two = 1;\n", "main.js declares or imports two twice"),
        ("const [one, two] = [1, 2];\n", "main.js declares or imports two twice"),
        ("const { one, two } = {};\n", "main.js declares or imports two twice"),
        ("function one() {}\nasync function one() {}\n", "main.js declares or imports one twice"),
        ('import { two } from "./d.js";\n', "main.js declares or imports two twice"),
        ("export default 1;\n", "main.js: expected import"),
        ("export { two };\n", "main.js: expected import"),
        ("export let one = 1;\n", "main.js: expected import"),
        ("export let one = 1;\none = 2;\n", "got 'export let one = 1;'"),
        ("export const [one, three] = [1, 3];\n", "main.js: expected import"),
        ('export { two } from "./b.js";\n', "main.js: expected import"),
        ('import "./b.js";\n', "main.js: expected import"),
        ('import b from "./b.js";\n', "main.js: expected import"),
        ('import * as b from "./b.js";\n', "main.js: expected import"),
        ('  import { two } from "./b.js";\n', "main.js: expected import"),
        ('import { two } from "./b.js"; two();\n', "main.js: expected import"),
        ('import { two } from "https://example.org/b.js";\n', "main.js: expected import"),
        ('const b = await import("./b.js");\n', "main.js: expected import"),
        ('import { one } from "./b.js";\n', "main.js imports one, which b.js does not export"),
        ('import { hidden } from "./b.js";\n', "main.js imports hidden, which b.js does not"),
        ('import { two as one } from "./b.js";\n', "main.js imports two as one, which b.js does"),
        ('import { main } from "./c.js";\n', "a circle of imports: main.js -> c.js -> main.js"),
        ('import { main } from "./main.js";\n', "a circle of imports: main.js -> main.js"),
    ],
)
def test_modules_that_cannot_be_one_script_are_refused(
    text: str, complaint: str, tmp_path: Path
) -> None:
    folder = write_modules(
        tmp_path,
        main=f'import {{ two }} from "./b.js";\n{text}',
        b="const hidden = 1;\nexport const two = 2 * hidden;\n",
        c='import { two } from "./main.js";\n',
        d="export const two = 2;\n",
    )
    with pytest.raises(ValueError, match=re.escape(complaint)):
        bundle(folder=folder)


def test_a_module_is_named_that_is_refused_deep_inside(tmp_path: Path) -> None:
    folder = write_modules(
        tmp_path,
        main='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = b;\n',
        b="export let b = 1;\n",
    )
    with pytest.raises(ValueError, match=r"^b\.js: expected import"):
        bundle(folder=folder)


def test_every_module_is_part_of_the_page_or_of_the_exported_network() -> None:
    used = "".join(map(bundle, ("main.js", "worker.js", "chapters.js", "export.js")))
    for path in WEB.glob("*.js"):
        assert f"\nconst {path.stem}_js = (() => {{\n" in f"\n{used}", path.name
