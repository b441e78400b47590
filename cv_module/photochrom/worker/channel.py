"""The worker's side of the pipe: messages out, from any thread, and standard output kept clear of everything else."""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from typing import Final

from photochrom.worker.protocol import Message

_PULSE: Final = 0.5
"""How often a message is repeated [s]; the protocol's clients take long silence for a worker that hangs."""
_INPUT, _OUTPUT, _ERROR = range(3)


class Channel:
    """Messages to the client; safe in several threads, each message in one piece."""

    def __init__(self, pipe: FileIO) -> None:
        """Take the pipe to the client, which is not buffered."""
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, message: Message, payload: Iterable[memoryview] = ()) -> None:
        """Write a message and the bytes that belong to it.

        Args:
            message: what the line of JSON says.
            payload: as many bytes as the message announces.

        Raises:
            BrokenPipeError: the client is gone.
        """
        with self._lock:
            self._write(message)
            for piece in payload:
                self._write_bytes(piece)

    @contextmanager
    def repeated(self, message: Message) -> Iterator[None]:
        """Send a message now, and again every half second until the block ends; not after that.

        Raises:
            BrokenPipeError: the client is gone.
        """
        self.send(message)
        ended = threading.Event()
        pulse = threading.Thread(target=self._repeat, args=(message, ended), daemon=True)
        pulse.start()
        try:
            yield
        finally:
            ended.set()
            pulse.join()

    def _repeat(self, message: Message, ended: threading.Event) -> None:
        while not ended.wait(_PULSE):
            try:
                self.send(message)
            except BrokenPipeError:  # who sends the result will meet it too
                return

    def _write(self, message: Message) -> None:
        self._write_bytes(memoryview(json.dumps(message).encode() + b"\n"))

    def _write_bytes(self, data: memoryview) -> None:
        while data:
            data = data[self._pipe.write(data) :]


def claim_standard_streams() -> tuple[BufferedReader, Channel]:
    """What comes from the client and what goes to it, which nothing else in this process can reach any more.

    From now on standard input is empty, and what is printed, by C libraries too, goes to standard error.
    """
    source = open(os.dup(_INPUT), "rb")  # noqa: PTH123, SIM115 (a descriptor, for the rest of the process)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _INPUT)
    os.close(nothing)
    sink = open(os.dup(_OUTPUT), "wb", buffering=0)  # noqa: PTH123, SIM115 (as above)
    os.dup2(_ERROR, _OUTPUT)
    sink.write(b"\n")  # ends what an import may have printed
    return source, Channel(sink)
