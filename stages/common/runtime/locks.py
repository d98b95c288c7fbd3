"""One run of a stage at a time in one folder."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "another"
            message = f"{stage}: waiting for process {owner}, which runs {stage} in this folder"
            print(message, file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        try:
            yield
        finally:
            lock.truncate(0)
