"""Where files can come from: a folder, a zip archive, a web server."""

import os
import re
import signal
import warnings
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from stages.common.files.atomic import one_line
from stages.common.images.wanted import CHUNK, Refused, Wanted, pieces

if TYPE_CHECKING:
    import requests

REDIRECTS = 3
LONGEST_REASON = 200  # letters, of a server
UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError, OSError)


class Interrupted(Refused):
    """A fault of the network or the server: if it stays, there is no use in asking again."""


@dataclass(frozen=True)
class Folder:
    """A folder that holds the files, plain or ``.gz``."""

    name: str
    path: Path

    def read(self, file: Wanted) -> Generator[bytes]:
        """Yield the bytes of the first file that is called as the wanted one may be."""
        path = next(filter(Path.is_file, (self.path / name for name in file.names)), None)
        if path is None:
            raise Refused(f"expected {' or '.join(file.names)} in {self.path}, found none")
        try:
            with path.open("rb") as opened:
                yield from pieces(opened)
        except OSError as error:
            raise Refused(f"{path} cannot be read ({error.strerror})") from error


@dataclass(frozen=True)
class Archive:
    """A zip archive that holds ``.gz`` files, in any of its folders; none is unpacked to disk."""

    name: str
    whole: Wanted
    get: Callable[[Wanted], tuple[Path, str]]  # brings it, verified, if a file is asked for

    def read(self, file: Wanted) -> Generator[bytes]:
        """Yield the bytes of the first member that is called as the wanted file may be."""
        path, _ = self.get(self.whole)
        try:
            with zipfile.ZipFile(path) as archive:
                names = [each for each in archive.namelist() if Path(each).name in file.names]
                if not names:
                    raise Refused(f"expected a member {' or '.join(file.names)}, found none")
                with archive.open(names[0]) as member:
                    yield from pieces(member)
        except UNREADABLE as error:
            raise Refused(f"the archive cannot be read ({one_line(error)})") from error


@dataclass(frozen=True)
class Mirror:
    """An address under which a web server has ``<file>.gz`` or ``<file>``."""

    name: str
    timeout: float

    def read(self, file: Wanted) -> Generator[bytes]:
        """Yield what the server sends, with a progress bar on a terminal."""
        import requests
        import urllib3

        faults = (requests.RequestException, urllib3.exceptions.HTTPError, ValueError)
        try:
            with requests.Session() as session:
                # Redirects are ours: requests would read the whole body of each, however long.
                session.get_redirect_target = lambda _: None  # type: ignore[method-assign,assignment]
                with self._open(session, file) as response:
                    _check_status(response)
                    yield from self._body(response, file.name)
        except faults as error:
            raise Interrupted(f"the connection failed ({_root_cause(error)})") from error

    def _open(self, session: "requests.Session", file: Wanted) -> "requests.Response":
        for name in file.names:
            response = self._follow(session, f"{self.name.rstrip('/')}/{name}")
            if response.status_code != HTTPStatus.NOT_FOUND:
                break
            response.close()
        return response

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

    def _body(self, response: "requests.Response", name: str) -> Iterator[bytes]:
        """The bytes as they are sent, so that nothing expands before ``content`` bounds it."""
        from tqdm import tqdm

        total = response.raw.length_remaining
        bar = tqdm(desc=name, total=total, unit="B", unit_scale=True, disable=None, leave=False)
        with bar:
            while True:
                with _time_limit(self.timeout, f"sent less than {CHUNK // 1024} KiB"):
                    chunk = response.raw.read(CHUNK, decode_content=False)
                if not chunk:
                    return
                bar.update(len(chunk))
                yield chunk


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


Source = Folder | Archive | Mirror


def is_source(name: str) -> bool:
    """Whether it names a folder, file:FOLDER, or the address of one, https://ADDRESS."""
    return re.fullmatch(r"file:(?!//(?!/)).+|https?://[^/?#].*", name) is not None


def opened(name: str, root: Path, timeout: float) -> Source:
    """The source of that name; a folder is found from ``root``."""
    if not name.startswith("file:"):
        return Mirror(name, timeout)
    path = unquote(urlsplit(name).path) if name.startswith("file:///") else name[len("file:") :]
    return Folder(name, root / os.path.expanduser(path))  # noqa: PTH111 - Path raises for ~nobody
