"""One run of a stage at a time in one folder; and, for make, of any command.

    python3 stages/common/runtime/locks.py NAME COMMAND...

Runs while nothing is installed yet: the standard library is all that it needs.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

LOCKS = Path(".locks")  # in the current folder, as the outputs are


@contextmanager
def exclusive_lock(stage: str) -> Iterator[None]:
    """Hold the stage's lock in the current folder; while another process has it, say so and wait.

    To wait is better than to refuse: what comes after needs the stage's outputs, and these are
    whole once the other is done. The system takes the lock from a process that ends, however it
    ends, so that nothing that is left over can block. Children do not inherit it.
    """
    LOCKS.mkdir(exist_ok=True)
    with (LOCKS / stage).open("a+") as lock:
        _wait_for(lock, stage)
        try:
            yield
        finally:
            lock.truncate(0)


def become(name: str, command: list[str]) -> NoReturn:
    """Go on as the command, which holds the lock of this name until it and its children end."""
    LOCKS.mkdir(exist_ok=True)
    lock = (LOCKS / name).open("a+")
    _wait_for(lock, name)
    os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 - its only form
    os.execvp(command[0], command)  # noqa: S606 - a command of the Makefile


def _wait_for(lock: IO[str], name: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        owner = lock.read().strip() or "another"
        message = f"{name}: waiting for process {owner}, which runs {name} in this folder"
        print(message, file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    lock.truncate(0)
    print(os.getpid(), file=lock, flush=True)


if __name__ == "__main__":
    become(sys.argv[1], sys.argv[2:])
