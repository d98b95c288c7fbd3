"""What a source sends: a download, an archive, a server's answer."""

import gzip
import hashlib
import socket
import threading
from contextlib import closing
from functools import cache
from unittest import mock

from stages.common.images.sources import Archive, Mirror
from stages.common.images.wanted import Wanted, save
from tests.fuzz import forms
from tests.fuzz.contract import a_file, require

WANTED = Wanted("digits", 1000, "sha256", hashlib.sha256(bytes(1000)).hexdigest())
TIMEOUT = 1.0  # seconds, of the mirror


def download(content: bytes) -> None:
    """What a mirror or a folder gives, in pieces: the wanted bytes are written, or nothing else."""
    with a_file(b"") as path:
        save((content[k : k + 700] for k in range(0, len(content), 700)), WANTED, path)
        require(path.read_bytes() == bytes(1000), "other bytes than wanted")


def download_seeds() -> list[bytes]:
    return [gzip.compress(bytes(1000), mtime=0), bytes(1000), b"<!DOCTYPE html><title>no</title>"]


def archive(content: bytes) -> None:
    """A zip, as if nobody had verified it: nothing is unpacked but the wanted bytes."""
    with a_file(content, "all.zip") as path:
        source = Archive("all.zip", WANTED, lambda _: (path, ""))
        out = path.with_name("out")
        save(source.read(WANTED), WANTED, out)
        require(out.read_bytes() == bytes(1000), "other bytes than wanted")
        names = {each.name for each in path.parent.rglob("*")}
        require(names == {"all.zip", "out"}, f"also wrote {names}")


def archive_seeds() -> list[bytes]:
    plain, packed = bytes(1000), gzip.compress(bytes(1000), mtime=0)
    held = {"gzip/digits.gz": packed, "digits": plain, "../../digits.gz": packed}
    return [forms.join_zip([b"other", b"-", name.encode(), each]) for name, each in held.items()]


class Server:
    """A server on this machine that answers every request with the same bytes, of any kind."""

    def __init__(self) -> None:
        self.answer = b""
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listening.accept()
            with closing(connection):
                connection.settimeout(TIMEOUT)
                try:
                    connection.recv(65_536)
                    connection.sendall(self.answer)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(65_536)  # until the client has gone
                except OSError:
                    continue


@cache
def _server() -> Server:
    return Server()


def http(content: bytes) -> None:
    """A server's answer; whatever address it sends us to, only this machine is ever asked."""
    server = _server()
    server.answer = content
    dial = socket.create_connection

    def here(_address: object, *_arguments: object, **_options: object) -> socket.socket:
        return dial(("127.0.0.1", server.port), TIMEOUT)

    mirror = Mirror(f"http://127.0.0.1:{server.port}", TIMEOUT)
    with a_file(b"") as path, mock.patch("urllib3.util.connection.create_connection", here):
        save(mirror.read(WANTED), WANTED, path)
        require(path.read_bytes() == bytes(1000), "other bytes than wanted")


def http_seeds() -> list[bytes]:
    packed = gzip.compress(bytes(1000), mtime=0)
    heads = {
        b"200 OK\r\nContent-Length: %d" % len(packed): packed,
        b"200 OK\r\nContent-Length: 1000": bytes(1000),
        b"200 OK\r\nTransfer-Encoding: chunked": b"3e8\r\n"
        + bytes(1000)
        + b"\r\n0\r\nA: b\r\n\r\n",
        b"200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/html; charset=x": packed,
        b"200 OK\r\nContent-Type: text/html": b"<html>Sign in</html>",
        b"302 Found\r\nLocation: /there": b"",
        b"404 Not Found\r\nContent-Length: 4": b"none",
        b"500 Sorry\r\nRetry-After: 99999\r\nSet-Cookie: a=b; Max-Age=9": b"",
        b"100 Continue\r\n\r\nHTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10": b"0"
        * 10,
        b"401 Who\r\nWWW-Authenticate: Basic": b"",
    }
    return [b"HTTP/1.1 " + head + b"\r\n\r\n" + body for head, body in heads.items()]
