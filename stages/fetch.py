"""Bring the four IDX files of a data set to ``data/raw``, from the first source that has each.

Every file is verified before it is used, and kept in ``.downloads/`` under its sum, so that a rerun
needs no source.
"""

import fcntl
import hashlib
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from stages.common.files.atomic import StageError, whole_file, whole_folder
from stages.common.files.paths import RAW, RAW_DATASET
from stages.common.images.catalog import FILES, Entry, chosen, names
from stages.common.images.classes import LONGEST, is_name
from stages.common.images.sources import Archive, Interrupted, Source, is_source, opened
from stages.common.images.wanted import CHUNK, Refused, Wanted, save, unpack
from stages.common.runtime.cli import choice, real, run, switch, whole

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two attempts
LONGEST_CREDIT = 300  # characters
BY_HAND = (
    "if you have the files, plain or .gz, say in which folder: set fetch.sources in params.yaml "
    "to ['file:FOLDER'], or run dvc exp run -S \"fetch.sources=['file:FOLDER']\""
)


@dataclass
class Downloads:
    """A folder of verified files, each under its sum, and the sources that it is filled from."""

    folder: Path
    sources: list[Source]
    retries: int
    gone: dict[str, str] = field(default_factory=dict)  # answers of sources that are not there

    def get(self, file: Wanted) -> tuple[Path, str]:
        """Where the verified file is, and the name of the source that had it.

        Raises ``StageError`` with every source's answer if none has.
        """
        path = self.folder / file.digest
        if _is_intact(path, file):
            return path, str(self.folder)
        with whole_file(path) as partial:
            return path, self._bring(file, partial)

    def _bring(self, file: Wanted, path: Path) -> str:
        answers: dict[str, str] = {}
        for source in self.sources:
            if source.name in self.gone:
                continue
            try:
                _persist(source, file, path, self.retries, FIRST_PAUSE)
            except Refused as answer:
                print(f"{file.name}: {source.name}: {answer}", file=sys.stderr)
                kept = self.gone if isinstance(answer, Interrupted) else answers
                kept[source.name] = str(answer)
            else:
                return source.name
        said = [f"  {name}: {answer}" for name, answer in (self.gone | answers).items()]
        raise StageError("\n".join([f"no source has {file.name}", *said, BY_HAND]))


def _persist(source: Source, file: Wanted, path: Path, retries: int, pause: float) -> None:
    try:
        return save(source.read(file), file, path)
    except Interrupted:
        if not retries:
            raise
    time.sleep(pause)
    return _persist(source, file, path, retries - 1, min(2 * pause, LONGEST_PAUSE))


def _is_intact(path: Path, file: Wanted) -> bool:
    """Whether the file is there; a damaged copy is removed."""
    if not path.is_file():
        return False
    with path.open("rb") as kept:
        intact = hashlib.file_digest(kept, file.algorithm).hexdigest() == file.digest
    if not intact:
        print(f"{file.name}: removed a damaged copy from {path.parent}", file=sys.stderr)
        path.unlink()
    return intact


@contextmanager
def _sole_user(cache: Path) -> Iterator[None]:
    """Wait for other fetches: experiments that run side by side share the download cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def bring(entry: Entry, sources: list[str], timeout: float, retries: int) -> None:
    """Fill data/raw with a data set, and say what came from where.

    The ``sources`` are looked at first, then the data set's own.
    """
    root = Path(os.environ.get("DVC_ROOT") or ".")  # the real one in temporary experiment runs
    cache = root / ".downloads"
    first = [opened(name, root, timeout) for name in sources]
    own = [opened(name, root, timeout) for name in entry.sources]
    downloads = Downloads(cache, [*first, *own], retries)
    if entry.archive:
        archive = Archive(entry.archive.name, entry.archive, downloads.get)
        downloads = Downloads(cache, [*first, archive], retries)
    origins: Counter[str] = Counter()
    with _sole_user(cache), whole_folder(RAW) as folder:
        for part, file in entry.files.items():
            kept, origin = downloads.get(file)
            unpack(kept, file, folder / FILES[part])
            origins[origin] += 1
        entry.about.save(folder / RAW_DATASET.name)
    length = sum(file.length for file in entry.files.values())
    told = [f"{count} from {origin}" for origin, count in origins.items()]
    whence = " and ".join(told) if len(told) > 1 else f"from {next(iter(origins))}"
    print(f"{entry.about.name}: {length:,} bytes in {RAW}, all four files verified, {whence}")


def _text(
    name: str, metavar: str, is_allowed: Callable[[str], object], expected: str, about: str
) -> Any:
    """Option for a text of some form."""

    def parse(value: str) -> str:
        if not is_allowed(value):
            raise typer.BadParameter(f"expected {expected}, got {value!r}")
        return value

    return typer.Option(f"--{name}", parser=parse, metavar=metavar, help=about)


def _sources() -> Any:
    about = (
        "Where to look first, in order, before the data set's own sources: file:FOLDER (from the "
        "project's root) or https://ADDRESS of a folder, with FILE.gz or FILE."
    )
    return _text("sources", "SOURCE", is_source, "file:FOLDER or https://ADDRESS", about)


def _timeout() -> Any:
    about = (
        "Seconds to wait for a server to connect, to answer, or to send the next "
        f"{CHUNK // 1024} KiB."
    )
    return real("timeout", 1, 600, about)


def _retries() -> Any:
    return whole("retries", 0, 10, "Further attempts after a fault of the network or the server.")


def _name(part: str) -> Any:
    about = "Name of the file where it comes from, there with .gz or without."
    plain = re.compile(r"\w[\w.+-]*", re.ASCII).fullmatch
    return _text(f"custom.{part}", "NAME", plain, "a file's name without folder", about)


def _sha256(part: str) -> Any:
    digits = re.compile(r"[0-9a-fA-F]{64}").fullmatch
    expected = "64 hexadecimal digits"
    return _text(f"custom.{part}_sha256", "HEX", digits, expected, "SHA-256 of the unpacked file.")


def _bytes(part: str) -> Any:
    return whole(f"custom.{part}_bytes", 1, 8_000_000_000, "Length of the unpacked file.")


def _classes() -> Any:
    about = "Names of the classes, by label; once for each, or not at all: then their numbers."
    return _text("custom.classes", "NAME", is_name, f"a name of 1 to {LONGEST} characters", about)


def _credit() -> Any:
    def is_credit(text: str) -> bool:
        return 1 <= len(text.strip()) <= LONGEST_CREDIT and text.isprintable()

    about = "Whose images these are, at the foot of the page."
    return _text("custom.credit", "TEXT", is_credit, f"1 to {LONGEST_CREDIT} characters", about)


def fetch(
    dataset: Annotated[str, choice("dataset", names(), "Which images; custom: described below.")],
    timeout: Annotated[float, _timeout()],
    retries: Annotated[int, _retries()],
    sources: Annotated[list[str] | None, _sources()] = None,
    custom_train_images: Annotated[str | None, _name("train_images")] = None,
    custom_train_images_bytes: Annotated[int | None, _bytes("train_images")] = None,
    custom_train_images_sha256: Annotated[str | None, _sha256("train_images")] = None,
    custom_train_labels: Annotated[str | None, _name("train_labels")] = None,
    custom_train_labels_bytes: Annotated[int | None, _bytes("train_labels")] = None,
    custom_train_labels_sha256: Annotated[str | None, _sha256("train_labels")] = None,
    custom_test_images: Annotated[str | None, _name("test_images")] = None,
    custom_test_images_bytes: Annotated[int | None, _bytes("test_images")] = None,
    custom_test_images_sha256: Annotated[str | None, _sha256("test_images")] = None,
    custom_test_labels: Annotated[str | None, _name("test_labels")] = None,
    custom_test_labels_bytes: Annotated[int | None, _bytes("test_labels")] = None,
    custom_test_labels_sha256: Annotated[str | None, _sha256("test_labels")] = None,
    custom_classes: Annotated[list[str] | None, _classes()] = None,
    custom_first_label: Annotated[
        int | None, whole("custom.first_label", 0, 255, "The label that becomes class 0.")
    ] = None,
    custom_transpose: Annotated[
        bool | None, switch("custom.transpose", "Swap rows and columns of every image.")
    ] = None,
    custom_credit: Annotated[str | None, _credit()] = None,
) -> None:
    """Bring the four files of a data set to data/raw, verified, from the first source of each.

    What else is known of the data set is written beside them. Verified files are kept in
    .downloads, so that a rerun needs no source.
    """
    given = {key: value for key, value in locals().items() if value is not None}
    prefix = "custom_"  # ... fetch.custom in params.yaml, as far as it is filled in
    custom = {key.removeprefix(prefix): given[key] for key in given if key.startswith(prefix)}
    bring(chosen(dataset, custom), sources or [], timeout, retries)


if __name__ == "__main__":
    run(fetch)
