"""A file that is wanted, and what must be true of its bytes, whoever sends them."""

import hashlib
import itertools
import shutil
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stages.common.files.atomic import StageError

CHUNK = 256 * 1024  # bytes that are held at a time
GZIP = b"\x1f\x8b"
SUMS = {"sha256": "SHA-256", "md5": "MD5"}  # as people write them


class Refused(Exception):  # noqa: N818 - an answer, not always an error
    """What a source answered instead of the file that was wanted."""


@dataclass(frozen=True)
class Wanted:
    """A file by its name, and what its bytes must be.

    ``length`` is that of the unpacked file. So is the sum, unless the file is wanted ``as_gzip``:
    then the .gz itself is kept, since only its sum is known.
    """

    name: str
    length: int
    algorithm: str  # sha256 or md5
    digest: str
    as_gzip: bool = False

    @property
    def names(self) -> list[str]:
        """What it may be called where it comes from, the likeliest first."""
        return [f"{self.name}.gz"] if self.as_gzip else [f"{self.name}.gz", self.name]


def save(chunks: Generator[bytes], file: Wanted, path: Path) -> None:
    """Write what is wanted of ``chunks`` to ``path``; raise Refused unless it is that file.

    No more is written than the file can be long, and one chunk held, whatever the source sends.
    """
    digest = hashlib.new(file.algorithm, usedforsecurity=False)
    with closing(chunks), path.open("wb") as out:
        for chunk in content(chunks, file):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != file.digest:
        expected = f"{SUMS[file.algorithm]} {file.digest}"
        raise Refused(f"expected {expected}, got {digest.hexdigest()}")


def unpack(kept: Path, file: Wanted, path: Path) -> None:
    """Write the plain bytes of what ``save`` has kept.

    Raises ``StageError`` if there are fewer or more than the catalog says.
    """
    if not file.as_gzip:
        shutil.copyfile(kept, path)
        return
    try:
        with kept.open("rb") as packed, path.open("wb") as out:
            out.writelines(exactly(file.length, gunzip(pieces(packed))))
    except Refused as error:
        raise StageError(f"{file.name}.gz has the right sum, but {error}") from error


def content(chunks: Iterable[bytes], file: Wanted) -> Iterator[bytes]:
    """Unpack gzip, unless that is what is wanted, and pass on plain bytes.

    What the bytes begin with decides, not the name: a server may have unpacked them on its way.
    """
    chunks = _at_most(file.length + file.length // 100 + CHUNK, chunks)
    head = b""
    while len(head) < len(GZIP) and (chunk := next(chunks, b"")):
        head += chunk
    if head.lstrip().startswith(b"<"):
        raise Refused(f"expected {file.length:,} bytes of data, got an HTML or XML page")
    chunks = itertools.chain([head], chunks)
    if file.as_gzip:
        return chunks
    return exactly(file.length, gunzip(chunks) if head.startswith(GZIP) else chunks)


def exactly(length: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on so many bytes; raise Refused before there are more, and if there are fewer."""
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > length:
            raise Refused(f"expected {length:,} bytes, got more")
        yield chunk
    if received != length:
        raise Refused(f"expected {length:,} bytes, got {received:,}")


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack one gzip member piece by piece; raise Refused if it is broken, short or followed."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in chunks:
        yield from _inflate(stream, chunk)
    if not stream.eof:
        raise Refused("expected whole gzip data, got it cut short")


def _inflate(stream: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    try:
        while piece := stream.decompress(packed, CHUNK):
            yield piece
            packed = stream.unconsumed_tail
    except zlib.error as error:
        raise Refused(f"expected gzip data, got them damaged ({error})") from error
    if stream.unused_data:
        raise Refused("expected the end of the gzip data, got more bytes")


def _at_most(limit: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        limit -= len(chunk)
        if limit < 0:
            raise Refused("got more bytes than the file can have")
        yield chunk


def pieces(file: IO[bytes]) -> Generator[bytes]:
    """Yield what is in a file, a chunk at a time."""
    while chunk := file.read(CHUNK):
        yield chunk
