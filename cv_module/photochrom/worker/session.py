"""One client's requests: taken as they come, worked on one after the other, until the client is gone."""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from queue import SimpleQueue
from typing import Final, NoReturn

import cv2
import numpy as np

from photochrom.colour.lab import Pixels
from photochrom.errors import PhotochromError
from photochrom.files.depth import with_depth
from photochrom.worker.channel import Channel
from photochrom.worker.loaded_network import LoadedNetwork, load
from photochrom.worker.pixel_stream import blank, fill, pieces, skip
from photochrom.worker.protocol import Message, RequestCancelledError, RequestError, failure, hello, progress
from photochrom.worker.request import ColorizeRequest

_LONGEST_LINE: Final = 1 << 20
"""[bytes]"""
_LOADED: Final = 0.1
"""Share of the work that is done when the network is loaded."""
_CUT_OFF: Final = "colours outside 0 to 1 were cut off"

_log = logging.getLogger("photochrom")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A request with its pixels."""

    request: ColorizeRequest
    pixels: Pixels
    """(H, W), (H, W, 3) BGR or (H, W, 4) BGRA."""
    note: str
    """What became of the pixels when they came; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coloured:
    """What came of a job."""

    image: Pixels
    confidence: Pixels | None
    """(H, W) in 8 bits; None: not wanted."""


class Session:
    """A worker's whole life. One thread listens, so that the client's end is noticed at any time, another one works."""

    def __init__(self, source: BufferedReader, channel: Channel) -> None:
        """Take both directions of the pipe."""
        self._source = source
        self._channel = channel
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._open: set[int] = set()
        """Requests that are not answered yet."""
        self._cancelled: set[int] = set()
        """Those of them that nobody wants any more."""
        self._lock = threading.Lock()
        """Of both sets."""

    def run(self) -> NoReturn:
        """Say hello and answer requests; ends the process when the client is gone."""
        try:
            self._channel.send(hello())
            threading.Thread(target=self._listen, name="listen", daemon=True).start()
            while True:
                self._work(self._jobs.get())
        except BrokenPipeError:
            _leave(0)

    def _listen(self) -> NoReturn:
        code = 1
        try:
            code = self._take_all()
        except (EOFError, BrokenPipeError):  # the client ended in the middle of a request, or does not listen
            code = 0
        except Exception:  # noqa: BLE001 (whatever it is: a worker that does not listen must not live on)
            _log.exception("the worker cannot listen any more")
        finally:
            _leave(code)

    def _take_all(self) -> int:
        """Take what comes until nothing more does; the exit code that this deserves."""
        try:
            while line := self._source.readline(_LONGEST_LINE):
                self._take(_message(line))
        except RequestError as error:
            self._channel.send(failure(None, error))
            return 1
        return 0

    def _take(self, message: Message) -> None:
        """Do what a message says, or put it into the queue with the pixels that follow it.

        Raises:
            RequestError: nobody knows what it says, or where the next one begins.
            EOFError: the client is gone.
        """
        number, size = message.get("id"), message.get("bytes", 0)
        if not isinstance(number, int) or not isinstance(size, int) or size < 0:
            raise RequestError(f"a message has the id {number!r} and {size!r} bytes; both are whole numbers")
        if message.get("do") == "cancel":
            self._cancel(number)
            return
        with self._lock:
            self._open.add(number)
        try:
            request = ColorizeRequest.read(message)
            pixels = blank(request)
        except (RequestError, PhotochromError, MemoryError) as error:
            self._fail(number, error)
            skip(size, self._source)
            return
        note = _CUT_OFF if fill(pixels, self._source) else ""
        self._jobs.put(_Job(request=request, pixels=pixels, note=note))

    def _cancel(self, number: int) -> None:
        with self._lock:
            self._cancelled |= self._open & {number}

    def _work(self, job: _Job) -> None:
        """Answer a request.

        Raises:
            BrokenPipeError: the client is gone.
        """
        number = job.request.id
        try:
            message, payload = self._result(job)
        except (PhotochromError, MemoryError, RequestCancelledError) as error:
            self._fail(number, error)
        except cv2.error as error:
            self._fail(number, RuntimeError(f"OpenCV {cv2.__version__} failed: {error.err}"))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 (a damaged installation fails in its own ways, and the client must know)
            _log.exception("request %d failed", number)
            self._fail(number, RuntimeError(f"photochrom failed: {type(error).__name__}: {error}"))
        else:
            self._close(number)
            self._channel.send(message, payload)

    def _result(self, job: _Job) -> tuple[Message, Iterator[memoryview]]:
        request = job.request
        seconds: dict[str, float] = {}
        with self._step(request.id, "load", 0.0, seconds):
            network = load(request.model, request.device)
        with self._step(request.id, "colorize", _LOADED, seconds):
            coloured = _colorize(job, network)
        maps = [] if coloured.confidence is None else [coloured.confidence]
        result = {
            "channels": coloured.image.shape[2],
            "device": network.colorizer.device,
            "note": "; ".join(filter(None, (network.note, job.note))),
            "seconds": seconds,
            "confidence_bytes": sum(plane.nbytes for plane in maps),
        }
        size = coloured.image.nbytes + sum(plane.nbytes for plane in maps)
        message = {"id": request.id, "result": result, "bytes": size}
        return message, chain(pieces(coloured.image), *map(pieces, maps))

    @contextmanager
    def _step(self, number: int, name: str, share: float, seconds: dict[str, float]) -> Iterator[None]:
        """Say what is being done, and how long it took; not begun, and not counted as done, where it is cancelled.

        Raises:
            RequestCancelledError: the request was cancelled.
            BrokenPipeError: the client is gone.
        """
        self._check(number)
        start = time.perf_counter()
        with self._channel.repeated(progress(number, share, name)):
            yield
        seconds[name] = time.perf_counter() - start
        self._check(number)

    def _check(self, number: int) -> None:
        with self._lock:
            cancelled = number in self._cancelled
        if cancelled:
            raise RequestCancelledError("it was cancelled")

    def _fail(self, number: int, error: Exception) -> None:
        self._close(number)
        self._channel.send(failure(number, error))

    def _close(self, number: int) -> None:
        with self._lock:
            self._open.discard(number)
            self._cancelled.discard(number)


def _colorize(job: _Job, network: LoadedNetwork) -> _Coloured:
    """The picture in colour, in its own array where that has room."""
    request, pixels, colorizer = job.request, job.pixels, network.colorizer
    strength, saturation, fading = request.strength, request.saturation, request.fade_uncertain
    if request.confidence:
        result = colorizer.predict(pixels, strength=strength, saturation=saturation, fade_uncertain=fading)
        return _Coloured(image=result.image, confidence=with_depth(result.confidence, 8))
    dst = None if pixels.ndim == 2 else pixels
    image = colorizer.colorize(pixels, dst, strength=strength, saturation=saturation, fade_uncertain=fading)
    return _Coloured(image=np.asarray(image, pixels.dtype), confidence=None)


def _message(line: bytes) -> Message:
    """What a line says.

    Raises:
        RequestError: it is no message.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"a line is no message ({error}): {line[:80]!r}") from None
    if isinstance(message, dict) and line.endswith(b"\n"):
        return message
    raise RequestError(f"a line is no message: {line[:80]!r}")


def _leave(code: int) -> NoReturn:
    """End the process now, whatever its other threads are doing."""
    os._exit(code)
