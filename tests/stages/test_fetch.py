"""Whatever a source sends, only the wanted bytes get into ``data/raw``, all four files or none."""

import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import as_options
from stages import fetch as stage
from stages.common.files.atomic import StageError
from stages.common.images import catalog
from stages.common.images.catalog import Entry, entry_of
from stages.common.images.dataset import load_dataset_info
from stages.common.images.wanted import CHUNK
from stages.common.runtime.cli import run
from stages.fetch import fetch
from tests.sample import call

ROOT = Path(__file__).parents[2]
PARTS = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
FILES = {
    name: np.random.default_rng(n).integers(0, 256, 1000 * (n + 1), np.uint8).tobytes()
    for n, name in enumerate(PARTS.values())
}
FIRST = PARTS["train_images"]
SUMS: dict[str, Any] = {
    f"{part}_{what}": value
    for part, name in PARTS.items()
    for what, value in (
        ("sha256", hashlib.sha256(FILES[name]).hexdigest()),
        ("bytes", len(FILES[name])),
    )
}
SUMS |= PARTS


# --- A mirror on this machine ------------------------------------------------------------------


@dataclass
class Server:
    """A web server whose answers a test sets by path, and the paths it was asked for."""

    address: str = ""
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def serve(self, files: dict[str, bytes]) -> None:
        self.answers |= {f"/{name}": body(content) for name, content in files.items()}


def body(
    content: bytes, status: int = 200, **headers: str | int
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content_Length": len(content)} | headers).items():
            request.send_header(name.replace("_", "-"), str(value))
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            state.asked.append(self.path)
            self.close_connection = True
            state.answers.get(self.path, body(b"none", 404))(self)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.handle_error = lambda *_: None  # type: ignore[method-assign] # clients hang up
        state.address = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        state.stop.set()
        http.shutdown()
        thread.join()


# --- A project in a temporary folder ------------------------------------------------------------


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(stage, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # slow, and no test pulls the plug
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds the four files."""
    path = tmp_path / "files"
    path.mkdir()
    for name, content in FILES.items():
        (path / name).write_bytes(content)
    return path


def bring(*sources: str, **changed: Any) -> None:
    values = {"timeout": 1.0, "retries": 0, **changed}
    call(fetch, dataset="custom", folder=".", sources=[*sources], custom=SUMS, **values)


def assert_all_here(root: Path) -> None:
    written = {file.name: file.read_bytes() for file in (root / "data/raw").iterdir()}
    assert written.pop("dataset.json")
    assert written == FILES
    assert_nothing_half_written(root)


def assert_nothing_half_written(root: Path) -> None:
    assert not [path for path in root.rglob("*") if "partial" in path.name]
    for file in (root / ".downloads").iterdir():
        if file.name != ".lock":
            algorithm = "sha256" if len(file.name) == 64 else "md5"
            assert hashlib.new(algorithm, file.read_bytes()).hexdigest() == file.name


def refusal(*sources: str, root: Path, **changed: Any) -> str:
    with pytest.raises(StageError) as error:
        bring(*sources, **changed)
    assert not (root / "data/raw").exists()
    assert_nothing_half_written(root)
    return str(error.value)


def section(*sources: str, **changed: Any) -> dict[str, Any]:
    """The section of params.yaml that asks for the four files."""
    custom = {**SUMS, **changed.pop("custom", {})}
    values = {"dataset": "custom", "folder": ".", "sources": [*sources], "timeout": 5, "retries": 0}
    return {**values, **changed, "custom": custom}


def start(*sources: str) -> "subprocess.Popen[str]":
    """Start the stage as DVC does."""
    return subprocess.Popen(
        [sys.executable, "-m", "stages.fetch", *as_options(section(*sources))],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- Good sources -------------------------------------------------------------------------------


def test_a_mirror_gives_gzip_files(server: Server, project: Path) -> None:
    server.serve({f"{name}.gz": gzip.compress(content) for name, content in FILES.items()})
    bring(f"{server.address}/")
    assert_all_here(project)
    assert server.asked == [f"/{name}.gz" for name in FILES]


def test_a_mirror_without_gzip_files_gives_plain_ones(server: Server, project: Path) -> None:
    server.serve(FILES)
    bring(server.address)
    assert_all_here(project)
    assert server.asked[:2] == [f"/{FIRST}.gz", f"/{FIRST}"]


def test_a_mirror_may_have_unpacked_what_it_calls_gzip(server: Server, project: Path) -> None:
    server.serve({f"{name}.gz": content for name, content in FILES.items()})
    bring(server.address)
    assert_all_here(project)


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_a_mirror_may_name_gzip_as_the_encoding_rightly_or_wrongly(
    pack: Callable[[bytes], bytes], server: Server, project: Path
) -> None:
    for name, content in FILES.items():
        server.answers[f"/{name}.gz"] = body(pack(content), Content_Encoding="gzip")
    bring(server.address)
    assert_all_here(project)


def test_a_mirror_is_asked_for_bytes_as_they_are(server: Server, project: Path) -> None:
    encodings = []

    def note(request: BaseHTTPRequestHandler) -> None:
        encodings.append(request.headers["Accept-Encoding"])
        body(b"")(request)

    server.answers[f"/{FIRST}.gz"] = note
    refusal(server.address, root=project)
    assert encodings == ["identity"]


def test_a_mirror_may_redirect(server: Server, project: Path) -> None:
    server.serve({f"there/{name}": content for name, content in FILES.items()})
    for name in FILES:
        server.answers[f"/{name}.gz"] = body(b"", 302, Location=f"/there/{name}")
    bring(server.address)
    assert_all_here(project)


@pytest.mark.parametrize("form", ["file:{}", "file://{}"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_gives_plain_or_gzip_files(
    form: str, folder: Path, project: Path, *, packed: bool
) -> None:
    if packed:
        for file in list(folder.iterdir()):
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
    bring(form.format(folder))
    assert_all_here(project)


def test_files_of_other_names_are_stored_under_those_of_mnist(
    folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {part: f"emnist-letters-{name}" for part, name in PARTS.items()}
    for part, name in PARTS.items():
        (folder / name).rename(folder / names[part])
    names["test_images"] += ".gz"  # as the folder may show it; with or without is the same
    options = as_options(section(f"file:{folder}", custom=names))
    monkeypatch.setattr(sys, "argv", ["fetch", *options])
    run(fetch)
    assert_all_here(project)


@pytest.mark.parametrize("name", ["", "../labels", "a/b", ".hidden", "two words"])
def test_a_name_that_is_no_plain_file_name_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch", "--custom.train_images", name])
    with pytest.raises(SystemExit):
        run(fetch)
    message = capsys.readouterr().err
    assert message == (
        f"error: fetch.custom.train_images: expected a file's name without folder, got {name!r}\n"
    )


def test_a_folder_may_be_named_from_home(
    folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    bring("file:~/files")
    assert_all_here(project)


def test_folders_and_cache_are_found_from_the_real_root(
    folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder.parent
    monkeypatch.setenv("DVC_ROOT", str(root))
    bring("file:files")
    assert {path.name for path in (root / ".downloads").iterdir()} > {
        SUMS["train_images_sha256"],
        SUMS["test_labels_sha256"],
    }
    assert {file.name for file in (project / "data/raw").iterdir()} == {*FILES, "dataset.json"}


def test_each_file_comes_from_the_first_source_that_has_it(
    folder: Path, tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder, tmp_path / "other")
    (folder / FIRST).write_bytes(b"wrong")
    bring(f"file:{folder}", f"file:{tmp_path}/other")
    assert_all_here(project)
    assert capsys.readouterr().out == (
        "custom: 10,000 bytes in data/raw, all four files verified, "
        f"1 from file:{tmp_path}/other and 3 from file:{folder}\n"
    )


# --- Bad sources: each is refused with a reason, and the next one is asked -----------------------


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def zeros(number: int) -> bytes:
    """Gzip of as many MiB of zeros, made by repeating one block; its end is never reached."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start, block = (
        packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return start + block * (number - 1)


GOOD = FILES[FIRST]
SHA256 = SUMS["train_images_sha256"]
BAD = {
    "truncated gzip": (gzip.compress(GOOD)[:-20], "expected whole gzip data, got it cut short"),
    "flipped bit in gzip": (flipped(gzip.compress(GOOD)), "expected"),
    "truncated": (GOOD[:-1], "expected 1,000 bytes, got 999"),
    "empty": (b"", "expected 1,000 bytes, got 0"),
    "one byte": (b"\x1f", "expected 1,000 bytes, got 1"),
    "too long": (GOOD + b"\0", "expected 1,000 bytes, got more"),
    "flipped bit": (
        flipped(GOOD),
        f"expected SHA-256 {SHA256}, got {hashlib.sha256(flipped(GOOD)).hexdigest()}",
    ),
    "HTML page": (
        b"<!DOCTYPE html><title>Sign in</title>",
        "expected 1,000 bytes of data, got an HTML or XML page",
    ),
    "bytes after gzip": (
        gzip.compress(GOOD) + b"more",
        "expected the end of the gzip data, got more bytes",
    ),
    "bytes after gzip, far behind": (
        gzip.compress(GOOD) + bytes(CHUNK),
        "expected the end of the gzip data, got more bytes",
    ),
    "gzip twice": (gzip.compress(GOOD) * 2, "expected the end of the gzip data, got more bytes"),
    "no gzip after all": (b"\x1f\x8bnonsense", "expected gzip data, got them damaged"),
    "gzip bomb": (zeros(200), "expected 1,000 bytes, got more"),
    "gzip of nothing, endless": (
        gzip.compress(b"")[:10] + b"\0\0\0\xff\xff" * 200_000,
        "got more bytes than the file can have",
    ),
    "another data set": (bytes(1000), f"expected SHA-256 {SHA256}, got 541b3e9daa09b20bf85fa273e"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_bytes_are_refused_with_a_reason_and_the_next_source_is_asked(
    kind: str, server: Server, folder: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, reason = BAD[kind]
    server.serve({f"{name}.gz": content for name in FILES})
    message = refusal(server.address, root=project)
    assert f"\n  {server.address}: {reason}" in message
    bring(server.address, f"file:{folder}")
    assert_all_here(project)
    assert f"{FIRST}: {server.address}: {reason}" in capsys.readouterr().err


def test_a_bomb_takes_neither_memory_nor_time(folder: Path, project: Path) -> None:
    (folder / FIRST).write_bytes(BAD["gzip bomb"][0])
    start = time.perf_counter()
    tracemalloc.start()
    try:
        refusal(f"file:{folder}", root=project)
        assert tracemalloc.get_traced_memory()[1] < 8 * CHUNK
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - start < 1


def test_a_body_shorter_than_announced_is_tried_again(server: Server, project: Path) -> None:
    server.serve(FILES)
    server.answers[f"/{FIRST}"] = body(GOOD[:500], Content_Length=1000)
    message = refusal(server.address, root=project, retries=2)
    assert "the connection failed (IncompleteRead(500 bytes read, 500 more expected))" in message
    assert server.asked.count(f"/{FIRST}") == 3


def test_a_body_longer_than_announced_is_cut_and_refused(server: Server, project: Path) -> None:
    server.answers[f"/{FIRST}"] = body(GOOD, Content_Length=999)
    assert "expected 1,000 bytes, got 999" in refusal(server.address, root=project)


def test_a_server_that_fails_once_is_asked_again(server: Server, project: Path) -> None:
    server.serve(FILES)

    def once(request: BaseHTTPRequestHandler) -> None:
        server.answers[f"/{FIRST}"] = body(GOOD)
        body(b"<html>", 500)(request)

    server.answers[f"/{FIRST}"] = once
    bring(server.address, retries=1)
    assert_all_here(project)


def test_a_server_that_keeps_failing_is_left_for_good(
    server: Server, folder: Path, project: Path
) -> None:
    server.answers[f"/{FIRST}.gz"] = body(b"", 503)
    bring(server.address, f"file:{folder}", retries=2)
    assert_all_here(project)
    assert server.asked == [f"/{FIRST}.gz"] * 3


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusing_server_is_asked_once_and_named(
    status: int, server: Server, project: Path
) -> None:
    server.answers[f"/{FIRST}.gz"] = server.answers[f"/{FIRST}"] = body(b"", status)
    message = refusal(server.address, root=project, retries=3)
    assert f"\n  {server.address}: answered with status {status}\n" in message
    assert len(server.asked) == (2 if status == 404 else 1)


def test_redirects_end(server: Server, project: Path) -> None:
    server.answers[f"/{FIRST}.gz"] = body(b"", 302, Location=f"/{FIRST}.gz")
    assert "redirected more than 3 times" in refusal(server.address, root=project)
    assert len(server.asked) == 4


@pytest.mark.parametrize("place", ["file:///etc/hostname", "http://[", "http://127.0.0.1:1/"])
def test_a_redirect_to_nowhere_is_refused(place: str, server: Server, project: Path) -> None:
    server.answers[f"/{FIRST}.gz"] = body(b"", 302, Location=place)
    assert f"  {server.address}: the connection failed" in refusal(server.address, root=project)


def trickle(state: Server, head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Send a byte now and then, each in time for a socket's time-out, for as long as it takes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        while not state.stop.wait(0.05):
            request.wfile.write(b"0")

    return answer


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "sent less than 256 KiB in 0.2 s"),
        (b"HTTP/1.1 200 OK\r\nX: ", "did not answer in 0.6 s"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000\r\n\r\n", "answered with"),
    ],
)
def test_a_trickle_of_bytes_is_cut_off(
    head: bytes, reason: str, server: Server, project: Path
) -> None:
    server.answers[f"/{FIRST}.gz"] = trickle(server, head)
    start = time.perf_counter()
    message = refusal(server.address, root=project, timeout=0.2)
    assert f"  {server.address}: {reason}" in message
    assert time.perf_counter() - start < 2


def silence(state: Server, head: bytes = b"") -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        state.stop.wait(5)

    return answer


def test_a_body_without_end_is_cut_off(server: Server, project: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stop.is_set():
            request.wfile.write(bytes(CHUNK))

    server.answers[f"/{FIRST}.gz"] = answer
    message = refusal(server.address, root=project, retries=1)
    assert f"  {server.address}: expected 1,000 bytes, got more" in message
    assert server.asked == [f"/{FIRST}.gz"]


def test_headers_without_end_are_cut_off(server: Server, project: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not server.stop.is_set():
            request.wfile.write(b"X: y\r\n" * 1000)

    server.answers[f"/{FIRST}.gz"] = answer
    message = refusal(server.address, root=project)
    assert f"  {server.address}: the connection failed (got more than 100 headers)" in message


def test_a_stall_in_the_middle_is_cut_off_and_tried_again(server: Server, project: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + GOOD[:500]
    server.answers[f"/{FIRST}.gz"] = silence(server, head)
    message = refusal(server.address, root=project, timeout=0.2, retries=1)
    assert re.search(r"sent less than 256 KiB in 0.2 s|timed out", message)
    assert len(server.asked) == 2


def test_a_silent_server_is_cut_off(server: Server, project: Path) -> None:
    server.answers[f"/{FIRST}.gz"] = silence(server)
    message = refusal(server.address, root=project, timeout=0.2)
    assert f"  {server.address}: the connection failed (timed out)" in message


def test_a_server_that_is_not_there_is_asked_for_one_file_only(
    folder: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring("http://127.0.0.1:1", f"file:{folder}", retries=1)
    assert_all_here(project)
    assert capsys.readouterr().err == (
        f"{FIRST}: http://127.0.0.1:1: the connection failed (Connection refused)\n"
    )


def test_when_all_fail_the_message_lists_every_answer_and_what_to_do(
    server: Server, folder: Path, project: Path
) -> None:
    last = PARTS["test_labels"]
    (folder / last).unlink()
    lines = refusal(
        "http://127.0.0.1:1", f"file:{folder}", server.address, root=project
    ).splitlines()
    assert lines == [
        f"no source has {last}",
        "  http://127.0.0.1:1: the connection failed (Connection refused)",
        f"  file:{folder}: expected {last}.gz or {last} in {folder}, found none",
        f"  {server.address}: answered with status 404",
        stage.BY_HAND,
    ]


def test_data_raw_of_an_earlier_run_survives_a_failure(folder: Path, project: Path) -> None:
    bring(f"file:{folder}")
    shutil.rmtree(project / ".downloads")
    with pytest.raises(StageError):
        bring("http://127.0.0.1:1")
    assert_all_here(project)


# --- The download cache --------------------------------------------------------------------------


def test_a_second_run_needs_no_source(
    folder: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(f"file:{folder}")
    shutil.rmtree(project / "data")
    shutil.rmtree(folder)
    bring("http://127.0.0.1:1")
    assert_all_here(project)
    assert capsys.readouterr().out.endswith("all four files verified, from .downloads\n")


def test_only_a_damaged_copy_is_fetched_again(
    server: Server, folder: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(f"file:{folder}")
    (project / ".downloads" / SHA256).write_bytes(flipped(GOOD))
    server.serve(FILES)
    bring(server.address)
    assert_all_here(project)
    assert server.asked == [f"/{FIRST}.gz", f"/{FIRST}"]
    assert f"{FIRST}: removed a damaged copy" in capsys.readouterr().err


def test_data_raw_does_not_share_bytes_with_the_cache(folder: Path, project: Path) -> None:
    bring(f"file:{folder}")
    (project / "data/raw" / FIRST).write_bytes(b"changed by hand")
    bring("http://127.0.0.1:1")
    assert_all_here(project)


def test_files_that_came_before_a_failure_are_kept(folder: Path, project: Path) -> None:
    (folder / PARTS["test_labels"]).rename(folder / "away")
    refusal(f"file:{folder}", root=project)
    (folder / FIRST).unlink()
    (folder / "away").rename(folder / PARTS["test_labels"])
    bring(f"file:{folder}")
    assert_all_here(project)


# --- Sums of packed files, and files in a zip ---------------------------------------------------


PACKED = {name: gzip.compress(content, mtime=0) for name, content in FILES.items()}


def packed_entry(algorithm: str = "md5", **archive: Any) -> Entry:
    """A data set of which the sums of the .gz files are known, and perhaps of a zip with them."""
    keys: dict[str, Any] = {**PARTS, **archive}
    for part, name in PARTS.items():
        keys[f"{part}_bytes"] = len(FILES[name])
        keys[f"{part}_gz_{algorithm}"] = hashlib.new(algorithm, PACKED[name]).hexdigest()
    return entry_of("packed", keys)


def bring_packed(entry: Entry, *sources: str) -> None:
    stage.bring(entry, [*sources], timeout=1.0, retries=0)


def put(folder: Path, files: dict[str, bytes]) -> str:
    """Write the files into a new folder; its name as a source."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return f"file:{folder}"


def gzipped() -> dict[str, bytes]:
    return {f"{name}.gz": content for name, content in PACKED.items()}


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_sum_of_the_packed_file_is_as_good(
    algorithm: str, server: Server, project: Path, tmp_path: Path
) -> None:
    server.serve(gzipped())
    entry = packed_entry(algorithm)
    bring_packed(entry, server.address)
    assert_all_here(project)
    assert server.asked == [f"/{name}.gz" for name in FILES]
    shutil.rmtree(project / "data")
    bring_packed(entry)  # of the packed files that were kept
    assert_all_here(project)
    shutil.rmtree(project / ".downloads")
    bring_packed(entry, put(tmp_path / "packed", gzipped()))
    assert_all_here(project)


def test_what_cannot_be_verified_is_not_taken(folder: Path, project: Path) -> None:
    with pytest.raises(StageError) as error:
        bring_packed(packed_entry(), f"file:{folder}")  # the right files, unpacked
    assert f"expected {FIRST}.gz in {folder}, found none" in str(error.value)
    assert not (project / "data/raw").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(GOOD, 1, mtime=9), "expected MD5 "),  # the same, packed in another way
        (PACKED[FIRST][:-20], "expected MD5 "),
        (flipped(PACKED[FIRST]), "expected MD5 "),
        (GOOD, "expected MD5 "),
        (b"", "expected MD5 "),
        (b"<!DOCTYPE html>", "expected 1,000 bytes of data, got an HTML or XML page"),
        (bytes(2 * CHUNK), "got more bytes than the file can have"),
    ],
)
def test_other_packed_bytes_are_refused_with_a_reason_and_the_next_source_is_asked(
    content: bytes, reason: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = put(tmp_path / "bad", gzipped() | {f"{FIRST}.gz": content})
    bring_packed(packed_entry(), bad, put(tmp_path / "good", gzipped()))
    assert_all_here(project)
    assert f"{FIRST}: {bad}: {reason}" in capsys.readouterr().err


def test_a_length_that_the_sum_does_not_bear_out_is_told(project: Path, tmp_path: Path) -> None:
    entry = packed_entry()
    short = replace(entry.files["train_images"], length=999)
    entry = replace(entry, files=entry.files | {"train_images": short})
    with pytest.raises(StageError, match="has the right sum, but expected 999 bytes, got more"):
        bring_packed(entry, put(tmp_path / "packed", gzipped()))
    assert not (project / "data/raw").exists()


def zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, content in files.items():
            out.writestr(name, content)
    return archive.getvalue()


def zip_entry(archive: bytes) -> Entry:
    digest = hashlib.sha256(archive).hexdigest()
    return packed_entry(
        archive="all.zip",
        archive_bytes=len(archive),
        archive_sha256=digest,
        sources=["http://127.0.0.1:1"],
    )


ZIP = zipped({"gzip/other.gz": b"-", **{f"gzip/{name}": file for name, file in gzipped().items()}})


def test_files_come_out_of_a_zip_that_is_brought_once(server: Server, project: Path) -> None:
    server.serve({"all.zip": ZIP})
    entry = replace(zip_entry(ZIP), sources=(server.address,))
    bring_packed(entry)
    assert_all_here(project)
    assert server.asked == ["/all.zip.gz", "/all.zip"]
    assert not list(project.rglob("other*"))
    bring_packed(entry)
    shutil.rmtree(project / "data")
    for file in entry.files.values():
        (project / ".downloads" / file.digest).unlink()
    bring_packed(entry)  # of the zip that was kept
    assert_all_here(project)
    assert len(server.asked) == 2


@pytest.mark.parametrize("files", [{"all.zip": ZIP}, gzipped()], ids=["the zip", "its files"])
def test_a_folder_may_hold_the_zip_or_what_is_in_it(
    files: dict[str, bytes], project: Path, tmp_path: Path
) -> None:
    bring_packed(zip_entry(ZIP), put(tmp_path / "mine", files))
    assert_all_here(project)


def test_a_zip_is_verified_before_it_is_opened(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("opened"))
    bad = put(tmp_path / "bad", {"all.zip": flipped(ZIP)})
    with pytest.raises(StageError) as error:
        bring_packed(zip_entry(ZIP), bad)
    lines = str(error.value).splitlines()
    assert lines[0] == "no source has all.zip"
    assert any(line.startswith(f"  {bad}: expected SHA-256 ") for line in lines)
    assert not (project / "data/raw").exists()
    assert_nothing_half_written(project)


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (zipped({"gzip/other.gz": b"-"}), f"expected a member {FIRST}.gz, found none"),
        (zipped({f"{FIRST}.gz/": b""}), "expected MD5 "),
        (zipped({f"../../{FIRST}.gz": b"no gzip"}), "expected MD5 "),
        (zipped({f"/{FIRST}.gz": bytes(2 * CHUNK)}), "got more bytes than the file can have"),
        (b"no zip", "the archive cannot be read (File is not a zip file)"),
        (flipped(zipped({f"{FIRST}.gz": PACKED[FIRST]})), "the archive cannot be read (Bad CRC"),
    ],
)
def test_no_member_of_a_zip_is_unpacked_and_what_it_lacks_is_told(
    archive: bytes, reason: str, project: Path, tmp_path: Path
) -> None:
    with pytest.raises(StageError) as error:
        bring_packed(zip_entry(archive), put(tmp_path / "mine", {"all.zip": archive}))
    assert f"\n  all.zip: {reason}" in str(error.value)
    assert not list(tmp_path.rglob(f"{FIRST}*"))
    assert not (project / "data/raw").exists()


# --- By name ------------------------------------------------------------------------------------


def test_a_data_set_is_known_by_name_and_other_sources_come_first(
    server: Server, folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = SUMS | {"sources": [server.address], "credit": "Theirs.", "classes": ["A", "B"]}
    monkeypatch.setattr(catalog, "catalog", lambda: {"mnist": entry_of("mnist", keys)})
    server.serve(FILES)
    (folder / PARTS["test_labels"]).unlink()
    sources = [f"file:{folder}"]
    call(fetch, dataset="mnist", folder=".", sources=sources, timeout=1.0, retries=0)
    assert_all_here(project)
    assert server.asked == [f"/{PARTS['test_labels']}{end}" for end in (".gz", "")]
    about = load_dataset_info(project / "data/raw/dataset.json")
    assert (about.name, about.credit, about.classes) == ("mnist", "Theirs.", ("A", "B"))
    assert about.sums == {key: value for key, value in SUMS.items() if key.endswith("sha256")}


def test_what_is_said_of_a_custom_data_set_is_written_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = {"first_label": 1, "transpose": True, "credit": "It's mine", "classes": ["a b", "c"]}
    options = as_options(section(f"file:{folder}", custom=about))
    monkeypatch.setattr(sys, "argv", ["fetch", *options])
    run(fetch)
    info = load_dataset_info(Path("data/raw/dataset.json"))
    assert (info.name, info.first_label, info.transpose) == ("custom", 1, True)
    assert (info.credit, info.classes) == ("It's mine", ("a b", "c"))


@pytest.mark.parametrize("key", [key for key in SUMS if key not in PARTS])
def test_a_custom_data_set_needs_lengths_and_sums(key: str, folder: Path, project: Path) -> None:
    rest = {name: value for name, value in SUMS.items() if name != key}
    with pytest.raises(StageError) as error:
        call(
            fetch,
            dataset="custom",
            folder=".",
            custom=rest,
            sources=[f"file:{folder}"],
            timeout=1.0,
            retries=0,
        )
    assert str(error.value).startswith(f"fetch.custom.{key}: missing, and fetch.dataset is custom;")
    assert not (project / "data/raw").exists()


# --- The command ---------------------------------------------------------------------------------


def test_the_command_brings_the_files_and_tells_whence(server: Server, project: Path) -> None:
    server.serve({f"{name}.gz": gzip.compress(content) for name, content in FILES.items()})
    with start("file:away", server.address) as process:
        output, complained = process.communicate(timeout=30)
    assert process.returncode == 0
    assert_all_here(project)
    what, how_long = output.splitlines()
    assert what == (
        f"custom: 10,000 bytes in data/raw, all four files verified, from {server.address}"
    )
    assert re.fullmatch(r"fetch took \d+\.\d s", how_long)
    assert len(complained.splitlines()) == 4  # why not from file:away, and no progress bar


def test_the_command_fails_with_the_message_alone(project: Path) -> None:
    with start("file:away") as process:
        _, complained = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"error: no source has {FIRST}\n  file:away: " in complained
    assert "Traceback" not in complained
    assert not (project / "data/raw").exists()


def test_an_interrupted_command_leaves_nothing_and_does_not_count_as_done(
    server: Server, project: Path
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + GOOD[:500]
    server.answers[f"/{FIRST}.gz"] = silence(server, head)
    with start(server.address) as process:
        while not server.asked and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=30)
    assert not (project / "data/raw").exists()
    assert_nothing_half_written(project)
    assert "Traceback" not in complained
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dataset": "minst"}, "dataset: expected one of mnist, fashion-mnist, kmnist, qmnist, em"),
        ({"sources": ["ftp://host/"]}, "sources: expected file:FOLDER or https://ADDRESS, got 'f"),
        ({"sources": ["https://"]}, "sources: expected file:FOLDER or https://ADDRESS"),
        ({"sources": ["npm:digits@1.2.3"]}, "https://ADDRESS, got 'npm:digits@1.2.3'"),
        ({"sources": ["file:"]}, "got 'file:'"),
        ({"sources": ["file:a", "file://host/folder"]}, "got 'file://host/folder'"),
        ({"timeout": "nan"}, "timeout: expected a number from 1 to 600, got 'nan'"),
        ({"retries": 11}, "retries: expected a whole number from 0 to 10, got '11'"),
        ({"custom": {"test_labels_sha256": "abc"}}, "custom.test_labels_sha256: expected 64 hex"),
        ({"custom": {"train_images_bytes": 0}}, "custom.train_images_bytes: expected a whole num"),
        ({"custom": {"first_label": 256}}, "custom.first_label: expected a whole number from 0"),
        ({"custom": {"classes": ["a", "b" * 13]}}, "custom.classes: expected a name of 1 to 12"),
        ({"custom": {"credit": " "}}, "custom.credit: expected 1 to 300 characters, got ' '"),
        ({"custom": {"credit": "a\nb"}}, "custom.credit: expected 1 to 300 characters"),
        ({"custom": {"credits": "me"}}, "custom.credits: no such parameter"),
        ({"custom": {"transpose": "yes"}}, "fetch.custom.transpose: expected"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_value_and_what_is_allowed(
    changed: dict[str, Any],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sources = changed.pop("sources", ["file:away"])
    monkeypatch.setattr(sys, "argv", ["fetch", *as_options(section(*sources, **changed))])
    with pytest.raises(SystemExit) as end:
        run(fetch)
    assert end.value.code == 2
    complained = capsys.readouterr().err
    assert message in complained
    assert len(complained.splitlines()) == 1
