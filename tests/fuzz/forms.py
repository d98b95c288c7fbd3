"""Changes of an input: anywhere in its bytes, or in one part, with sums and lengths made good.

A flipped bit in an archive is caught by its checksum, and the code behind it is never reached. So
a form takes an input apart, a part is changed, and it is put together again.
"""

import gzip
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import NamedTuple

MOST_BYTES = 65_536  # of a changed input
MOST_REPEATS = 64  # of one piece
EDGES = (0, 1, 2, 3, 27, 28, 127, 128, 255, 256, 32_767, 65_535, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (
    b"", b"\0", b"\n", b"\r\n", b",", b'"', b"-1", b"0", b"nan", b"inf", b"-inf", b"1e400",
    b"9" * 40, b"1_0", b"../", b"/", b"{}", b"[]", b"[" * 2000, b"'", b"<html>", b"\x1b[31m",
    b"\xff\xfe", "\N{ARABIC-INDIC DIGIT SEVEN}".encode(), b"A" * 300,
)  # fmt: skip

BROKEN = (  # what taking apart a broken input raises
    ValueError, IndexError, OSError, EOFError, RuntimeError,
    struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip

Parts = list[bytes]
Change = Callable[[bytes], bytes]  # of one part


class Form(NamedTuple):
    """How an input is taken apart, and put together again."""

    split: Callable[[bytes], Parts]
    join: Callable[[Parts], bytes]


def changed(content: bytes, form: Form, rng: Random, change: Change | None = None) -> bytes:
    """The input with one to four changes, most of them inside its parts.

    ``change`` replaces the changes of a part: a fuzzer that knows which code was reached has its
    own. What cannot be taken apart is changed as it is.
    """
    change = change or (lambda part: scrambled(part, rng))
    parts = None
    if rng.random() < 0.8:
        with suppress(*BROKEN):
            parts = form.split(content)
    if not parts:
        return change(content)[:MOST_BYTES]
    for _ in range(rng.randint(1, 4)):
        rearrange(parts, rng) if rng.random() < 0.15 else change_one(parts, rng, change)
    return form.join(parts)[:MOST_BYTES]


def change_one(parts: Parts, rng: Random, change: Change) -> None:
    """Change one part."""
    if parts:
        place = rng.randrange(len(parts))
        parts[place] = change(parts[place])[:MOST_BYTES]


def rearrange(parts: Parts, rng: Random) -> None:
    """Drop, repeat or move one part."""
    if parts:
        part = parts.pop(rng.randrange(len(parts)))
        for _ in range(rng.choice((0, 1, 1, 2, 5))):
            parts.insert(rng.randint(0, len(parts)), part)


def scrambled(content: bytes, rng: Random) -> bytes:
    """Bytes with one change: a bit, a byte, a number, a word, a piece cut, doubled or moved."""
    start = rng.randint(0, len(content))
    end = min(len(content), start + rng.choice((1, 1, 2, 4, 8, rng.randint(0, 64), len(content))))
    before, piece, after = content[:start], content[start:end], content[end:]
    return before + _instead(piece, rng) + after


def _instead(piece: bytes, rng: Random) -> bytes:
    kind = rng.randrange(7)
    if kind == 0 and piece:
        return bytes([piece[0] ^ 1 << rng.randrange(8)]) + piece[1:]
    if kind == 1:
        return bytes(rng.randrange(256) for _ in piece)
    if kind == 2:
        number = (rng.choice(EDGES) + rng.choice((-1, 0, 0, 1))) % 2**32
        size = len(piece) if len(piece) in (1, 2, 4) else 4
        return struct.pack(rng.choice("<>") + {1: "B", 2: "H", 4: "I"}[size], number % 256**size)
    if kind == 3:
        return rng.choice(WORDS)
    if kind == 4:
        return b""
    if kind == 5:
        return piece * rng.randint(2, MOST_REPEATS)
    return re.sub(rb"\d+", lambda _: str(rng.choice(EDGES)).encode(), piece)


def split_zip(content: bytes) -> Parts:
    """Name and content of every member, in turn."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(m.filename.encode(), archive.read(m)) for m in archive.infolist()]
    return [part for member in members for part in member]


def join_zip(parts: Parts) -> bytes:
    """An uncompressed archive of them, with right sums."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice: that is meant
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            entry = zipfile.ZipInfo("n")
            entry.filename = name.decode(errors="replace")
            archive.writestr(entry, content)
    return file.getvalue()


def split_png(content: bytes) -> Parts:
    """Name and content of every chunk, in turn; pixels unpacked."""
    parts, place = [], 8
    while place + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        parts += [name, zlib.decompress(body) if name == b"IDAT" and body else body]
        place += 12 + length
    return parts


def join_png(parts: Parts) -> bytes:
    """A picture of these chunks, with right lengths and sums."""
    picture = [b"\x89PNG\r\n\x1a\n"]
    for name, body in zip(parts[::2], parts[1::2], strict=False):
        kind, packed = name[:4].ljust(4), zlib.compress(body, 1) if name == b"IDAT" else body
        check = struct.pack(">I", zlib.crc32(kind + packed))
        picture += [struct.pack(">I", len(packed)), kind, packed, check]
    return b"".join(picture)


def split_fields(content: bytes) -> Parts:
    """Cells of a table, lines of an answer, values of JSON, with what parts them."""
    return re.split(rb"([,:\n])", content)


WHOLE = Form(lambda content: [content], b"".join)
ZIP = Form(split_zip, join_zip)
PNG = Form(split_png, join_png)
GZIP = Form(
    lambda content: [gzip.decompress(content)],
    lambda parts: gzip.compress(b"".join(parts), 1, mtime=0),
)
FIELDS = Form(split_fields, b"".join)
