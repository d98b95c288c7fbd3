"""Results shared through an S3 server on this machine: what one has computed, another only pulls.

    make s3

Needs the dependency group `s3-test`, which is large and of no use to anything else; `make s3` makes
an environment of its own for it, and `make test` does not collect this file.
"""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.test_pipeline import STAGES, Clone

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
    """A clone in which all has run, an experiment besides, and both have been pushed."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "mine").mkdir()
    clone = Clone(folder / "mine", KEYS)
    clone.git("init", "--quiet", "--bare", "--initial-branch", "main", "../shared.git")
    clone.git("remote", "add", "origin", "../shared.git")
    clone.dvc("remote", "add", "--default", "storage", f"s3://{bucket.name}/digits")
    clone.dvc("remote", "modify", "storage", "endpointurl", endpoint)
    assert clone.ran(clone.dvc("repro")) == list(STAGES)
    clone.commit()
    clone.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    clone.dvc("push")
    clone.dvc("exp", "run", "evaluate", "--name", "narrow", "--set-param", "train.hidden=[8]")
    clone.dvc("exp", "push", "origin", "narrow")
    return clone


@pytest.fixture(scope="module")
def theirs(mine: Clone) -> Clone:
    """A colleague's clone: only what git has."""
    folder = mine.folder.parent / "theirs"
    mine.git("clone", "--quiet", "--branch", "main", "../shared.git", str(folder))
    return Clone(folder, KEYS)


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
    stored = {each.key: each.size for each in bucket.objects.all()}
    local = [p for p in (mine.folder / ".dvc/cache/files").rglob("*") if p.is_file()]
    files = {key: size for key, size in stored.items() if "/files/" in key}
    assert len(files) <= len(local)
    assert sum(files.values()) <= sum(path.stat().st_size for path in local)
    print(f"{len(stored)} objects, {sum(stored.values()):,} bytes")
