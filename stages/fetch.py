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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

from stages.common.files.atomic import StageError, whole_file, whole_folder
from stages.common.files.paths import RAW, RAW_DATASET
from stages.common.images.catalog import FILES, FOLDER, Entry, chosen, names
from stages.common.images.classes import LONGEST, is_name
from stages.common.images.dataset import DatasetInfo
from stages.common.images.folder import AS_THEY_ARE, INK, Preparation, read_folder
from stages.common.images.idx import write_idx
from stages.common.images.sources import Archive, Interrupted, Source, is_source, opened
from stages.common.images.wanted import Refused, Wanted, save, unpack
from stages.common.runtime.cli import run
from stages.common.runtime.params import Rule, choice, real, refuse, switch, whole

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two attempts
LONGEST_CREDIT = 300  # characters
FULL_INK = 255
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
    of_entry = [opened(name, root, timeout) for name in entry.sources]
    downloads = Downloads(cache, [*first, *of_entry], retries)
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
    counts = [f"{count} from {origin}" for origin, count in origins.items()]
    whence = " and ".join(counts) if len(counts) > 1 else f"from {next(iter(origins))}"
    print(f"{entry.about.name}: {length:,} bytes in {RAW}, all four files verified, {whence}")


def gather(folder: Path, pictures: "PicturesParams") -> None:
    """Fill data/raw with the pictures of a folder, as four IDX files, and say how many there are.

    Each that cannot be taken is told in a line. Raises ``StageError`` if too few are left.
    """
    names, parts = read_folder(folder, preparation_of(pictures))
    sums = {}
    with whole_folder(RAW) as raw:
        for part, arrays in parts.items():
            for kind, array in zip(("images", "labels"), arrays, strict=True):
                path = raw / FILES[f"{part}_{kind}"]
                write_idx(path, array)
                sums[f"{part}_{kind}_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        known = DatasetInfo(FOLDER, names, levels=FULL_INK, credit=pictures.credit, sums=sums)
        known.save(raw / RAW_DATASET.name)
    (train, _), (test, _) = parts["train"], parts["test"]
    print(
        f"{folder}: {len(names)} classes, {len(train):,} pictures to train on, {len(test):,} to "
        f"test on, as images of {train.shape[1]} x {train.shape[2]}"
    )


def preparation_of(pictures: "PicturesParams") -> Preparation:
    """What the parameters say about pictures."""
    values = asdict(pictures)
    del values["credit"]
    return Preparation(**values)


def text(allowed: Callable[[str], object], expected: str, metavar: str, about: str) -> Rule:
    """A text of some form."""

    def parse(value: str) -> str:
        if not allowed(value):
            refuse(expected, value)
        return value

    return Rule(about, metavar, parse)


def is_credit(line: str) -> bool:
    """Whether a line of text can say whose images these are."""
    return 1 <= len(line.strip()) <= LONGEST_CREDIT and line.isprintable()


Name: TypeAlias = Annotated[
    str,
    text(
        re.compile(r"\w[\w.+-]*", re.ASCII).fullmatch,
        "a file's name without folder",
        "NAME",
        "the file's name where it comes from, there with .gz or without",
    ),
]
Length: TypeAlias = Annotated[int, whole(1, 8_000_000_000, "bytes of the unpacked file")]
Sum: TypeAlias = Annotated[
    str,
    text(
        re.compile(r"[0-9a-fA-F]{64}").fullmatch,
        "64 hexadecimal digits",
        "HEX",
        "SHA-256 of the unpacked file",
    ),
]


@dataclass(frozen=True, kw_only=True)
class CustomParams:
    """Four files of your own, by name, length and sum: docs/datasets.md.

    What is left out is what is usual; ``chosen`` says of what it cannot be left out.
    """

    train_images: Name = FILES["train_images"]
    train_images_bytes: Length = 0
    train_images_sha256: Sum = ""
    train_labels: Name = FILES["train_labels"]
    train_labels_bytes: Length = 0
    train_labels_sha256: Sum = ""
    test_images: Name = FILES["test_images"]
    test_images_bytes: Length = 0
    test_images_sha256: Sum = ""
    test_labels: Name = FILES["test_labels"]
    test_labels_bytes: Length = 0
    test_labels_sha256: Sum = ""
    classes: Annotated[
        list[str],
        text(
            is_name,
            f"a name of 1 to {LONGEST} characters",
            "NAME",
            "names of the classes, by label",
        ),
    ] = field(default_factory=list)
    first_label: Annotated[int, whole(0, 255, "the label that becomes class 0")] = 0
    labels: Annotated[
        list[int],
        whole(0, 255, "labels that become classes 0, 1, ...{}; images with others are left out"),
    ] = field(default_factory=list)
    levels: Annotated[int, whole(1, 255, "the grey level of full ink, if it is not 255")] = 0
    transpose: Annotated[bool, switch("true swaps rows and columns of every image")] = False
    credit: Annotated[
        str,
        text(is_credit, f"1 to {LONGEST_CREDIT} characters", "TEXT", "whose images these are"),
    ] = ""


@dataclass(frozen=True, kw_only=True)
class PicturesParams:
    """How the pictures of that folder become images: docs/datasets.md."""

    prepare: Annotated[
        str, choice((INK, AS_THEY_ARE), "ink cut out, scaled and centred, or pictures as they are")
    ] = INK
    height: Annotated[int, whole(4, 256, "pixels of an image whose ink is cut out")] = 28
    width: Annotated[int, whole(4, 256, "pixels of an image whose ink is cut out")] = 28
    test_share: Annotated[float, real(0.01, 0.9, "of each class that is held out to test on")] = 0.2
    seed: Annotated[int, whole(0, 2**63 - 1, "decides which pictures are held out")] = 0
    credit: Annotated[
        str, text(is_credit, f"1 to {LONGEST_CREDIT} characters", "TEXT", "whose pictures they are")
    ] = ""


@dataclass(frozen=True, kw_only=True)
class FetchParams:
    """Where the images come from."""

    dataset: Annotated[str, choice(names(), "which images")]
    custom: CustomParams = field(default_factory=CustomParams)
    folder: Annotated[
        str,
        text(
            lambda name: name.strip() and name.isprintable(),
            "a folder's name",
            "FOLDER",
            "for the data set folder: pictures, a sub-folder a class",
        ),
    ]
    pictures: PicturesParams = field(default_factory=PicturesParams)
    sources: Annotated[
        list[str],
        text(
            is_source,
            "file:FOLDER or https://ADDRESS",
            "SOURCE",
            "looked at before the data set's own: file:FOLDER, https://ADDRESS",
        ),
    ] = field(default_factory=list)
    timeout: Annotated[float, real(1, 600, "seconds that a source may stay silent")]
    retries: Annotated[int, whole(0, 10, "further attempts for each file")]


def entry_of(params: FetchParams) -> Entry:
    """The data set that the parameters name or describe.

    Raises ``StageError`` for a description without one of the keys that it must have.
    """
    filled = {key: value for key, value in asdict(params.custom).items() if value}
    return chosen(params.dataset, filled)


def fetch(params: FetchParams) -> None:
    """Bring the four files of a data set to data/raw, verified, from the first source of each.

    The data set ``folder`` is made of the pictures in ``fetch.folder`` instead. What else is known
    of the data set is written beside them. Verified files are kept in .downloads, so that a rerun
    needs no source.
    """
    if params.dataset == FOLDER:
        gather(Path(params.folder), params.pictures)
    else:
        bring(entry_of(params), params.sources, params.timeout, params.retries)


if __name__ == "__main__":
    run(fetch)
