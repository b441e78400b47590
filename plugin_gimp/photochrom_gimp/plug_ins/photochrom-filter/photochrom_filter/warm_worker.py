"""The worker that stays: one process for the dialog's previews and for the result, started when it is first needed."""

from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final

from photochrom_filter.interpreter import Interpreter
from photochrom_filter.worker_client import WorkerClient

INTERPRETER: Final = Path(__file__).parent.parent / "interpreter.json"
"""Written by the installer."""


class WarmWorker:
    """A worker that is started at most once while it lives, and again after it died; safe in several threads."""

    def __init__(self) -> None:
        self._client: WorkerClient | None = None
        self._lock = Lock()

    def client(self) -> WorkerClient:
        """A worker that runs.

        Raises:
            WorkerError: it does not start; the message says why and what to do.
        """
        with self._lock:
            if self._client is not None and not self._client.usable:
                self._client.close()
                self._client = None
            if self._client is None:
                self._client = WorkerClient(Interpreter.read(INTERPRETER))
            return self._client

    def close(self) -> None:
        """End the worker at once, whatever it is doing."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def __enter__(self) -> "WarmWorker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
