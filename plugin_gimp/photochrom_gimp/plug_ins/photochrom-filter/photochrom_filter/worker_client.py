"""The worker, from the plug-in's side: pictures in, pictures in colour out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock, RLock
from types import TracebackType
from typing import Final

from photochrom_filter.conversation import Conversation
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import (
    Answer,
    Failure,
    Hello,
    Picture,
    Progress,
    Result,
    Settings,
    cancel_request,
    colorize_request,
)
from photochrom_filter.texts import _
from photochrom_filter.worker_error import WorkerCancelledError, WorkerError

__all__ = ["WorkerCancelledError", "WorkerClient", "WorkerError"]

START_LIMIT: Final = 60.0
"""How long a worker may take until it says hello [s]."""
SILENCE_LIMIT: Final = 30.0
"""How long a worker may say nothing while it is waited for; it promises a message every half second [s]."""
_STRIP: Final = 4 << 20
"""Of the result's bytes, how many are handed on at once, at least one row."""
_SENT: Final = 0.1
"""Share of the work that is done when the picture is sent."""
_COLOURED: Final = 0.9
"""Share of the work that is done when the result begins to come."""
_ZEROS: Final = bytes(1 << 20)
"""Stands for pixels that nobody wants any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What a call of `WorkerClient.colorize` asks for."""

    number: int
    picture: Picture
    settings: Settings
    on_progress: Callable[[float, str], object]

    @property
    def confidence_size(self) -> int:
        """Of the map of confidence [bytes]."""
        return self.picture.width * self.picture.height if self.settings.confidence else 0


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
        self._conversation = Conversation(interpreter, start_limit=start_limit, silence_limit=silence_limit)
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
                self._hello = self._conversation.hello()
            return self._hello

    @property
    def usable(self) -> bool:
        """Whether the worker can be asked (again): it runs, and nothing went wrong between it and this client.

        After a WorkerError that is the worker's own answer (no such network, no CUDA, cancelled) it can; after one
        because it died, hung or wrote garbage it cannot, and a new client is needed.
        """
        return self._conversation.open

    def colorize(
        self,
        picture: Picture,
        settings: Settings,
        chunks: Iterable[bytes],
        *,
        into: Callable[[bytes], object],
        on_progress: Callable[[float, str], object] = lambda _share, _step: None,
    ) -> Answer:
        """Send a picture, and hand on the picture in colour while it comes.

        Everything that is passed in is called on the calling thread. What it raises goes through, and ends the worker.

        Args:
            picture: the shape of the pixels.
            settings: how.
            chunks: the pixels' bytes in order, in pieces of any length.
            into: gets the result (`Picture.coloured`) from the top in strips of whole rows, each of at most 4 MiB or
                one row.
            on_progress: gets the share of the work that is done, 0 to 1, and what is being done now: "send", "load",
                "colorize", "receive"; at least once a second while the worker works.

        Raises:
            WorkerCancelledError: `cancel` was called.
            WorkerError: anything else that keeps the picture from being colorized; `into` may have been called.
        """
        with self._asking:
            _hello = self.hello
            self._number += 1
            request = _Request(number=self._number, picture=picture, settings=settings, on_progress=on_progress)
            self._under_way = request.number
            try:
                before = self._conversation.seconds
                self._send(request, chunks)
                sent = self._conversation.seconds
                reply = self._wait(request)
                confidence = self._receive(request, into) if isinstance(reply, Result) else b""
                received = self._conversation.seconds
            except BaseException:  # nobody knows where in the conversation the two are
                self.close()
                raise
            finally:
                self._under_way = None
        if self._is_cancelled(request):
            raise WorkerCancelledError(_("it was cancelled"))
        if isinstance(reply, Failure):
            raise WorkerError(reply.sentence)
        seconds = {"send": sent - before, **reply.seconds, "receive": received - sent}
        return Answer(device=reply.device, note=reply.note, confidence=confidence, seconds=seconds)

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
                    self._conversation.cut_in(cancel_request(number))
                finally:
                    self._writing.release()

    def close(self) -> None:
        """End the worker at once, whatever it is doing; once more does nothing."""
        self._conversation.close()

    def _is_cancelled(self, request: _Request) -> bool:
        return self._cancelled == request.number

    def _send(self, request: _Request, chunks: Iterable[bytes]) -> None:
        size = left = request.picture.size
        with self._writing:
            self._conversation.say(colorize_request(request.number, request.picture, request.settings))
            for chunk in chunks:
                if len(chunk) > left:
                    raise _wrong_size(size - left + len(chunk), size)
                self._conversation.give(chunk)
                left -= len(chunk)
                request.on_progress(_SENT * (1 - left / size), "send")
                if self._is_cancelled(request):
                    break
            while left and self._is_cancelled(request):  # the worker waits for all that was announced
                self._conversation.give(_ZEROS[:left])
                left -= min(left, len(_ZEROS))
        if left:
            raise _wrong_size(size - left, size)
        if self._is_cancelled(request):
            self._conversation.cut_in(cancel_request(request.number))

    def _wait(self, request: _Request) -> Result | Failure:
        """What becomes of a request; the bytes of its result follow."""
        size = request.picture.coloured.size + request.confidence_size
        while True:
            reply = self._conversation.reply(request.number, size, request.confidence_size)
            if not isinstance(reply, Progress):
                return reply
            share = min(max(reply.share, 0.0), 1.0)
            request.on_progress(_SENT + (_COLOURED - _SENT) * share, reply.step)

    def _receive(self, request: _Request, into: Callable[[bytes], object]) -> bytes:
        """Hand on a result's pixels, unless it was cancelled meanwhile; its map of confidence."""
        shape = request.picture.coloured
        rows = max(1, _STRIP // shape.row_size)
        for top in range(0, shape.height, rows):
            bottom = min(top + rows, shape.height)
            strip = self._conversation.take((bottom - top) * shape.row_size)
            if not self._is_cancelled(request):
                into(strip)
                request.on_progress(_COLOURED + (1 - _COLOURED) * bottom / shape.height, "receive")
        return self._conversation.take(request.confidence_size)


def _wrong_size(came: int, size: int) -> WorkerError:
    return WorkerError(_("the picture came with {came} bytes instead of {size}").format(came=came, size=size))
