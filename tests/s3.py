"""Results shared through an S3 server on this machine: what one has computed, another only pulls.

    make s3

What is shared are this project's results; `make s3` runs the pipeline first if need be. The
dependency group `s3-test` is large and of no use to anything else, so `make s3` makes an
environment of its own for it, and `make test` does not collect this file.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stages.common.runtime.imports import ROOT
from tests.pipelines import Clone
from tests.session import execute

BUCKET = "digits"
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(endpoint: str) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        bucket = boto3.resource("s3", endpoint_url=endpoint).Bucket(BUCKET)
        bucket.create()
        yield bucket


@pytest.fixture(scope="module")
def mine(endpoint: str, bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone that has all results, and an experiment besides; both have been pushed."""
    folder = tmp_path_factory.mktemp("s3")
    execute(f"git clone --quiet {ROOT} mine && git init --quiet --bare shared.git", folder)
    clone = Clone(folder / "mine", KEYS)
    # Another processor than that of the last commit may have given other results.
    execute(f"git -C {ROOT} diff --binary HEAD | git apply --allow-empty", clone.folder)
    clone.git("remote", "set-url", "origin", str(folder / "shared.git"))
    clone.dvc("remote", "add", "--local", "here", clone.dvc("cache", "dir", cwd=ROOT).strip())
    clone.dvc("pull", "--remote", "here")
    clone.dvc("remote", "remove", "--local", "here")
    clone.dvc("remote", "add", "--default", "storage", f"s3://{bucket.name}/digits")
    clone.dvc("remote", "modify", "storage", "endpointurl", endpoint)
    clone.commit()
    clone.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    clone.dvc("push")
    words = ("--set-param", "train.hidden=[8]", "--set-param", "train.epochs=2")
    clone.dvc("exp", "run", "evaluate", "--name", "narrow", *words)
    clone.dvc("exp", "push", "origin", "narrow")
    return clone


@pytest.fixture(scope="module")
def theirs(mine: Clone) -> Clone:
    """A colleague's clone: only what git has."""
    execute("git clone --quiet --branch main shared.git theirs", mine.folder.parent)
    return Clone(mine.folder.parent / "theirs", KEYS)


def test_a_pull_brings_every_output_and_nothing_is_left_to_run(mine: Clone, theirs: Clone) -> None:
    assert not (theirs.folder / "reports/index.html").exists()
    theirs.dvc("pull")
    mine.git("checkout", "--quiet", "--force", "HEAD")
    assert theirs.outs() == mine.outs()  # the same dvc.lock; status compares the files with it
    assert "up to date" in theirs.dvc("status")
    assert theirs.ran(theirs.dvc("repro")) == []


def test_an_experiment_travels_with_what_it_computed(mine: Clone, theirs: Clone) -> None:
    theirs.dvc("exp", "pull", "origin", "narrow")
    theirs.dvc("exp", "apply", "narrow")
    mine.dvc("exp", "apply", "narrow")
    for name in ("models/network.npz", "reports/predictions.csv", "reports/metrics.json"):
        assert (theirs.folder / name).read_bytes() == (mine.folder / name).read_bytes()


def test_the_bucket_holds_each_content_once(mine: Clone, bucket: Any) -> None:
    stored = {each.key.partition("/files/")[2]: each.size for each in bucket.objects.all()}
    cache = mine.folder / ".dvc/cache/files"
    local = {
        path.relative_to(cache).as_posix(): path.stat().st_size
        for path in cache.rglob("*")
        if path.is_file()
    }
    stored.pop("", None)  # the memory of runs
    assert len(stored) > 40
    assert stored.items() <= local.items()
    print(f"{len(stored)} objects, {sum(stored.values()):,} bytes")
