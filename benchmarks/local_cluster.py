"""A Dask scheduler and workers on this machine, none of which can import the project."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client

Process = subprocess.Popen[bytes]


class LocalCluster:
    """Processes of their own, on loopback, until ``stop``; what they say is in ``folder/log``."""

    def __init__(self, folder: Path, workers: int = 0) -> None:
        """Start a scheduler and so many workers."""
        self.folder = folder
        self.workers: list[Process] = []
        scheduler_file = folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(scheduler_file)]
        self.scheduler = self._start("scheduler", *options)
        while not scheduler_file.exists():
            if self.scheduler.poll() is not None:
                raise SystemExit(self.log())
            time.sleep(0.02)
        self.address = str(json.loads(scheduler_file.read_text())["address"])
        self.have(workers)

    def have(self, count: int) -> None:
        """Start workers until so many are alive and known to the scheduler."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        options = ["--nthreads", "1", "--no-nanny", "--host", "127.0.0.1"]
        while len(self.workers) < count:
            folder = ["--local-directory", str(self.folder)]
            self.workers.append(self._start("worker", self.address, *options, *folder))
        if count:
            with Client(self.address, set_as_default=False) as client:
                client.wait_for_workers(count)

    def _start(self, what: str, *options: str) -> Process:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *options],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        """What all of them have said."""
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        """End all of them at once."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
