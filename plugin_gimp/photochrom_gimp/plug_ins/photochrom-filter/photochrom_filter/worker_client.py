"""The worker, from the plug-in's side: started, asked, listened to, ended."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from threading import Lock, RLock
from time import monotonic, perf_counter
from types import TracebackType
from typing import Final

from photochrom_filter.interpreter import MEND, Interpreter
from photochrom_filter.messages import (
    PROTOCOL,
    Answer,
    Failure,
    Hello,
    Message,
    Picture,
    Progress,
    Result,
    Settings,
    cancel_request,
    colorize_request,
    read_reply,
)
from photochrom_filter.texts import _
from photochrom_filter.worker_error import WorkerCancelledError, WorkerError
from photochrom_filter.worker_process import WorkerProcess

__all__ = ["WorkerCancelledError", "WorkerClient", "WorkerError"]

START_LIMIT: Final = 60.0
"""How long a worker may take until it says hello [s]."""
SILENCE_LIMIT: Final = 30.0
"""How long a worker may say nothing while it is waited for; it promises a message every half second [s]."""
_STRIP: Final = 4 << 20
"""Of the result's bytes, how many are handed on at once, at least one row."""
_LONGEST_LINE: Final = 1 << 20
"""[bytes]"""
_MOST_NOISE: Final = 1 << 16
"""How much may be printed before the worker says hello, and how long its hello may be [bytes]."""
_SENT: Final = 0.1
"""Share of the work that is done when the picture is sent."""
_COLOURED: Final = 0.9
"""Share of the work that is done when the result begins to come."""
_SHOWN: Final = 80
"""Of what was not understood, how much is shown [bytes]."""
_ZEROS: Final = bytes(1 << 20)
"""Stands for pixels that nobody wants any more."""

OnProgress = Callable[[float, str], object]


class WorkerClient:
    """A running worker; ends with the ``with`` block, with `close`, and with the process that started it.

    One picture at a time: calls of `colorize` from several threads wait for each other. `cancel` and `close` may be
    called from any thread.
    """

    def __init__(
        self, interpreter: Interpreter, *, start_limit: float = START_LIMIT, silence_limit: float = SILENCE_LIMIT
    ) -> None:
        """Start the worker; it says hello later, see `hello`.

        Args:
            interpreter: which Python has photochrom.
            start_limit: how long the worker may take until it says hello [s].
            silence_limit: how long it may say nothing while it is waited for [s].

        Raises:
            WorkerError: the interpreter cannot be started.
        """
        self._python = interpreter.python
        self._start_limit = start_limit
        self._silence_limit = silence_limit
        self._process = WorkerProcess(interpreter)
        self._hello: Hello | None = None
        self._number = 0
        """Of the last request."""
        self._under_way: int | None = None
        """The request that is not answered yet."""
        self._cancelled: int | None = None
        """The last request that was cancelled."""
        self._asking = RLock()
        """Held for the whole of a request."""
        self._writing = Lock()
        """Held while a message and its bytes are written."""

    def __enter__(self) -> "WorkerClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def hello(self) -> Hello:
        """How the worker introduces itself; waited for the first time, which takes about a second.

        Raises:
            WorkerError: it does not start, speaks another version of the protocol, or says something else.
        """
        with self._asking:
            if self._hello is None:
                hello = self._listen_for_hello()
                if hello.protocol != PROTOCOL:
                    self.close()
                    raise _mismatch(hello, self._python)
                self._hello = hello
            return self._hello

    @property
    def usable(self) -> bool:
        """Whether the worker can be asked (again): it runs, and nothing went wrong between it and this client.

        After a WorkerError that is the worker's own answer (no such network, no CUDA, cancelled) it can; after one
        because it died, hung or wrote garbage it cannot, and a new client is needed.
        """
        return self._process.runs

    def colorize(
        self,
        picture: Picture,
        settings: Settings,
        chunks: Iterable[bytes],
        *,
        into: Callable[[memoryview], object],
        on_progress: OnProgress = lambda _share, _step: None,
    ) -> Answer:
        """Send a picture, and hand on the picture in colour while it comes.

        Everything that is passed in is called on the calling thread. What it raises goes through, and ends the worker.

        Args:
            picture: the shape of the pixels.
            settings: how.
            chunks: the pixels' bytes in order, in pieces of any length.
            into: gets the result (`Picture.coloured`) from the top in strips of whole rows, each of at most 4 MiB or
                one row; the view is valid during the call only.
            on_progress: gets the share of the work that is done, 0 to 1, and what is being done now: "send", "load",
                "colorize", "receive"; at least once a second while the worker works.

        Raises:
            WorkerCancelledError: `cancel` was called.
            WorkerError: anything else that keeps the picture from being colorized; `into` may have been called.
        """
        with self._asking:
            _hello = self.hello
            self._number = number = self._number + 1
            self._under_way = number
            try:
                send_time = self._send(number, picture, settings, chunks, on_progress)
                reply = self._wait(number, picture, settings, on_progress)
                if isinstance(reply, Result):
                    answer = self._receive(number, picture, settings, reply, into, on_progress)
            except BaseException:  # nobody knows where in the conversation the two are
                self.close()
                raise
            finally:
                self._under_way = None
        if self._cancelled == number:
            raise WorkerCancelledError(_("it was cancelled"))
        if isinstance(reply, Failure):
            raise WorkerError(reply.sentence)
        return replace(answer, seconds={"send": send_time, **answer.seconds})

    def cancel(self) -> None:
        """Let the `colorize` that is under way end with WorkerCancelledError, as soon as the worker can; else nothing.

        Returns at once.
        """
        number = self._under_way
        if number is not None:
            self._cancelled = number
            # Who is still sending the picture looks at that number afterwards.
            if self._writing.acquire(blocking=False):
                try:
                    self._write_cancel(number)
                finally:
                    self._writing.release()

    def close(self) -> None:
        """End the worker at once, whatever it is doing; once more does nothing."""
        self._process.end()

    def _listen_for_hello(self) -> Hello:
        start = monotonic()
        noise = b""
        while len(noise) < _MOST_NOISE:
            line = self._process.read_line(_MOST_NOISE, self._start_limit, start)
            with suppress(ValueError):
                return Hello.read(_message(line))
            noise += line  # printed by something that Python imports before the worker
        self.close()
        raise _garbage(noise)

    def _send(
        self, number: int, picture: Picture, settings: Settings, chunks: Iterable[bytes], on_progress: OnProgress
    ) -> float:
        """Send a request; how long writing took [s]."""
        left, seconds = picture.size, 0.0

        def write(data: bytes) -> None:
            nonlocal seconds
            start = perf_counter()
            self._process.write(data, self._silence_limit)
            seconds += perf_counter() - start

        with self._writing:
            write(_line(colorize_request(number, picture, settings)))
            for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    break
                write(chunk)
                on_progress(_SENT * (1 - left / picture.size), "send")
                if self._cancelled == number:
                    break
            while left > 0 and self._cancelled == number:  # the worker waits for all that was promised
                write(_ZEROS[:left])
                left -= min(left, len(_ZEROS))
        if self._cancelled == number:
            self._write_cancel(number)
        elif left:
            raise WorkerError(
                _("the picture came with {came} bytes instead of {size}").format(
                    came=picture.size - left, size=picture.size
                )
            )
        return seconds

    def _wait(self, number: int, picture: Picture, settings: Settings, on_progress: OnProgress) -> Result | Failure:
        """What becomes of a request."""
        size, confidence_size = picture.coloured.size, _confidence_size(picture, settings)
        while True:
            line = self._process.read_line(_LONGEST_LINE, self._silence_limit)
            try:
                reply = read_reply(_message(line), number, size, confidence_size)
            except ValueError:
                raise _garbage(line) from None
            if not isinstance(reply, Progress):
                return reply
            on_progress(_SENT + (_COLOURED - _SENT) * min(max(reply.share, 0.0), 1.0), reply.step)

    def _receive(
        self,
        number: int,
        picture: Picture,
        settings: Settings,
        result: Result,
        into: Callable[[memoryview], object],
        on_progress: OnProgress,
    ) -> Answer:
        """Hand on a result's pixels, unless it was cancelled."""
        coloured = picture.coloured
        rows = min(max(1, _STRIP // coloured.row_size), coloured.height)
        strip = memoryview(bytearray(rows * coloured.row_size))
        confidence = bytearray(_confidence_size(picture, settings))
        seconds = 0.0

        def read(view: memoryview) -> None:
            nonlocal seconds
            start = perf_counter()
            self._process.read_into(view, self._silence_limit)
            seconds += perf_counter() - start

        for top in range(0, coloured.height, rows):
            part = strip[: min(rows, coloured.height - top) * coloured.row_size]
            read(part)
            if self._cancelled != number:
                into(part)
                on_progress(_COLOURED + (1 - _COLOURED) * min(1.0, (top + rows) / coloured.height), "receive")
        if confidence:
            read(memoryview(confidence))
        return Answer(
            device=result.device,
            note=result.note,
            confidence=bytes(confidence),
            seconds={**result.seconds, "receive": seconds},
        )

    def _write_cancel(self, number: int) -> None:
        with suppress(WorkerError):  # who waits for the answer will find out
            self._process.write(_line(cancel_request(number)), None)


def _confidence_size(picture: Picture, settings: Settings) -> int:
    return picture.width * picture.height if settings.confidence else 0


def _line(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _message(line: bytes) -> Message:
    """What a line says.

    Raises:
        ValueError: it is no message.
    """
    try:
        message = json.loads(line)
    except RecursionError:
        raise ValueError(line) from None
    if isinstance(message, dict) and line.endswith(b"\n"):
        return message
    raise ValueError(line)


def _garbage(data: bytes) -> WorkerError:
    return WorkerError(
        _("photochrom's worker said something that the plug-in does not understand ({said!r}); ").format(
            said=data[:_SHOWN].decode(errors="replace")
        )
        + MEND
    )


def _mismatch(hello: Hello, python: str) -> WorkerError:
    """The error for a worker that speaks another version of the protocol."""
    if hello.protocol > PROTOCOL:
        return WorkerError(
            _(
                "the plug-in is older than photochrom {version} in {python} and does not understand it; "
                "run `photochrom gimp install` there to update the plug-in"
            ).format(version=hello.version, python=python)
        )
    return WorkerError(
        _(
            "photochrom {version} in {python} is older than the plug-in, which does not understand it; "
            "update photochrom there, then run `photochrom gimp install`"
        ).format(version=hello.version, python=python)
    )
