"""The sessions that documents show: run again, with what they print put in its place.

    python -m tests.session

Each works on a clone of the last commit in a temporary folder, with this project's cache; that of
docs/first-run.md begins with the clone, and has no cache. On MNIST, a few minutes. Blocks marked
`console` hold commands, each after a `$`, and output.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from stages.common.runtime.imports import ROOT

FIRST_RUN = ROOT / "docs/first-run.md"
EXPERIMENTS, SWEEPS = ROOT / "docs/experiments.md", ROOT / "docs/sweeps.md"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
WIDTH = 116  # letters of a line of output that are shown
SHOWN = "/home/you"  # instead of the temporary folder
WHO = {"NAME": "you", "EMAIL": "you@example.org"}


def environment() -> dict[str, str]:
    """This process's, with this Python and its DVC, a name for git, and lines of one length."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    names = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in WHO.items()}
    quiet = {"DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": os.devnull, "TERM": "dumb"}
    return os.environ | names | quiet | {"PATH": path, "COLUMNS": "160"}


def commands(text: str) -> list[str]:
    """The commands that a document shows, in order."""
    return [
        line[2:] for block in BLOCK.findall(text) for line in block.splitlines() if line[:2] == "$ "
    ]


def execute(command: str, folder: Path) -> str:
    """Run a command in a folder; return what it prints. ``SystemExit`` if it fails."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"$ {command}\n{done.stdout}")
    lines = done.stdout.replace(str(folder.parent), SHOWN).splitlines()
    return "".join(f"{short(line.rpartition(chr(13))[2])}\n" for line in lines if line.strip())


def short(line: str) -> str:
    """A line without spaces at its end, and cut if it is long."""
    line = line.rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


def refreshed(text: str, run: Callable[[str], str]) -> str:
    """The document with what its commands print when they are ``run`` one after the other."""

    def again(block: re.Match[str]) -> str:
        kept = (
            f"$ {command}\n{run(command)}" for command in commands(f"```console\n{block[0]}```")
        )
        return "\n".join(kept)

    return BLOCK.sub(again, text)


def forms(text: str) -> list[str]:
    """The lines that a document shows, without what differs between two sets of digits.

    Numbers, hashes and how wide they make a table are left out, and lines that repeat a form.
    """
    forms: list[str] = []
    of_this: set[str] = set()
    for line in "".join(BLOCK.findall(text)).splitlines():
        form = re.sub(r"\b[0-9a-f]{7}\b|[-+]?\d[\d,.]*(e[-+]?\d+)?", "0", line)
        form = re.sub(r"[ -]+(?=\||$)|(?<=\|)[ -]+|\.\.\.$| {2,}", " ", form)
        if line.startswith("$ "):
            forms.append(line)
            of_this = set()
        elif form not in of_this:
            forms.append(form)
            of_this.add(form)
    return forms


def main() -> None:
    """Repeat the sessions on MNIST; write the documents."""
    print(FIRST_RUN.relative_to(ROOT))
    repeat_from_the_clone_on(FIRST_RUN)
    for document in (EXPERIMENTS, SWEEPS):
        print(document.relative_to(ROOT))
        repeat(document)


def repeat_from_the_clone_on(document: Path) -> None:
    """Repeat a newcomer's session, whose first command clones the project; write the document."""
    with tempfile.TemporaryDirectory() as temporary:
        home, folder = Path(temporary) / "you", Path(temporary) / "you/downhill"
        home.mkdir()
        origin = Path(temporary) / "somewhere/downhill.git"
        execute(f"git clone --quiet --bare {ROOT} {origin}", ROOT)
        execute("git update-ref refs/heads/main HEAD", origin)
        execute("git symbolic-ref HEAD refs/heads/main", origin)

        def run(command: str) -> str:
            print(f"$ {command}", flush=True)
            printed = execute(command, folder if folder.exists() else home)
            return printed.replace(str(home), SHOWN)

        document.write_text(refreshed(document.read_text(), run))


def repeat(document: Path) -> None:
    """Repeat a session on MNIST, in a clone that has been run; write the document."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "digits"
        execute(
            f"git clone --quiet {ROOT} {folder} && git -C {folder} checkout --quiet -B main", ROOT
        )
        # The results of the last commit, but not the memory of earlier sessions.
        execute(f'dvc remote add --local before "$(dvc --cd {ROOT} cache dir)"', folder)
        execute("dvc pull --remote before", folder)
        execute("dvc remote remove --local before; dvc repro --all-pipelines", folder)
        execute("git diff --quiet || git commit --quiet --all --message 'The run'", folder)

        def run(command: str) -> str:
            print(f"$ {command}", flush=True)
            return execute(command, folder)

        document.write_text(refreshed(document.read_text(), run))


if __name__ == "__main__":
    main()
