"""The preview's computing: in a thread of its own, and of several requests the latest wins."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Condition, Thread

from gi.repository import GLib

from photochrom_filter.messages import Answer, Hello, Picture, Settings
from photochrom_filter.warm_worker import WarmWorker
from photochrom_filter.worker_client import WorkerClient, WorkerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who is told of the computing; every function is called on the main thread, from its loop."""

    on_hello: Callable[[Hello], None]
    """A worker runs."""
    on_step: Callable[[str], None]
    """What the worker is doing now, as `WorkerClient.colorize` names it."""
    on_answer: Callable[[Settings, bytes, Answer], None]
    """What came of a request: the pixels, and the worker's report."""
    on_error: Callable[[Settings, str], None]
    """Why nothing came of a request, in one sentence."""


class Previewer:
    """Colorizes one small picture again and again; never makes the main thread wait."""

    def __init__(self, warm: WarmWorker, picture: Picture, data: bytes, listener: Listener) -> None:
        """Nothing is started before the first request.

        Args:
            warm: the worker.
            picture: the shape of the pixels.
            data: the pixels.
            listener: is told of everything that happens.
        """
        self._warm = warm
        self._picture = picture
        self._data = data
        self._listener = listener
        self._changed = Condition()
        self._wish: Settings | None = None
        self._client: WorkerClient | None = None
        self._closed = False
        Thread(target=self._work, name="preview", daemon=True).start()

    def request(self, settings: Settings) -> None:
        """Compute with these settings next; an earlier wish that is not in work yet is forgotten."""
        with self._changed:
            self._wish = settings
            self._changed.notify()

    def close(self) -> None:
        """Stop: the listener is told nothing any more, and the worker is free for other work within a moment."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            if self._client is not None:
                self._client.cancel()

    def _work(self) -> None:
        while (settings := self._next()) is not None:
            try:
                self._compute(settings)
            except (WorkerError, OSError, MemoryError) as error:
                self._tell(partial(self._listener.on_error, settings, str(error)))

    def _next(self) -> Settings | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._wish is not None)
            settings, self._wish = self._wish, None
            return None if self._closed else settings

    def _compute(self, settings: Settings) -> None:
        client = self._warm.client()
        with self._changed:
            self._client = client
        self._tell(partial(self._listener.on_hello, client.hello))
        if self._closed:
            return
        result = bytearray()
        answer = client.colorize(
            self._picture,
            settings,
            [self._data],
            into=result.extend,
            on_progress=lambda _share, step: self._tell(partial(self._listener.on_step, step)),
        )
        self._tell(partial(self._listener.on_answer, settings, bytes(result), answer))

    def _tell(self, news: Callable[[], None]) -> None:
        def deliver() -> bool:
            if not self._closed:
                news()
            return bool(GLib.SOURCE_REMOVE)

        GLib.idle_add(deliver)
