"""How a process ends early: at a signal, or when the process that it works for is gone."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK = 0.1  # seconds between two looks at the parent: less than DVC needs to start another stage


class StoppedError(BaseException):
    """A signal asked for an end; no ``Exception``, so that no handler of errors takes it for one.

    ``number`` is the signal's.
    """

    def __init__(self, number: int) -> None:
        """Tell the signal by its name."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


def end_silently_while_starting() -> None:
    """Let an interrupt end a command that Python is still loading, without a traceback.

    For ``python -m stages.NAME`` alone, and until the command heeds signals by itself.
    """
    if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise ``StoppedError`` at the first of ``SIGNALS``, so that what is half done is undone.

    Further ones are ignored, since the way out must not be interrupted; and so is a signal that
    was ignored before, as ``nohup`` does.
    """
    stopped = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise StoppedError(number)

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    before = {n: handler for n, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        if not stopped:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def block_signals() -> Iterator[None]:
    """Keep a terminal's signals from processes started meanwhile: it is their parent's to end them.

    Without this each of them would tell of the interrupt, and with a traceback while it starts.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def exit_with_parent(parent: int) -> None:
    """End this process, by SIGTERM, as soon as the process ``parent`` is no longer its parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
