"""Remove what a killed DVC has left half-written of its own books: python -m stages repair.

DVC writes dvc.lock, of either pipeline, and .dvc/tmp/rwlock in place. Killed at that moment, it
refuses to start ever after; without these files it starts, and its run-cache knows every stage that
has once run.
"""

import fcntl
import json
from pathlib import Path

from stages.common.files.paths import CLAIM_LOCK, LOCK
from stages.common.runtime.cli import run

BUSY = Path(".dvc/tmp/rwlock")


def repair() -> None:
    """Remove a dvc.lock or DVC's list of busy files if DVC could not read it."""
    locks = [(path, "lock", is_lock) for path in (LOCK, CLAIM_LOCK)]
    for path, guard, readable in (*locks, (BUSY, "rwlock.lock", is_json)):
        if not path.exists():
            continue
        BUSY.parent.mkdir(parents=True, exist_ok=True)
        with (BUSY.parent / guard).open("a") as held:  # as DVC does: one may be writing just now
            fcntl.flock(held, fcntl.LOCK_EX)
            if not readable(path.read_bytes()):
                path.unlink()
                print(f"{path}: half-written by a DVC that was killed, so it is removed")


def is_lock(content: bytes) -> bool:
    """Whether DVC's own schema takes it for a dvc.lock."""
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(YAML(typ="safe").load(content))
    except (Invalid, YAMLError, ValueError):
        return False
    return True


def is_json(content: bytes) -> bool:
    """Whether it is JSON."""
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    run(repair, writes=False)
