"""The worker process, from the plug-in's side: started, asked, listened to, ended."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final

from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import Answer, Hello, Picture, Settings

START_LIMIT: Final = 60.0
"""How long a worker may take until it says hello [s]."""
SILENCE_LIMIT: Final = 30.0
"""How long a worker may say nothing while it is waited for; it promises a message every second [s]."""


class WorkerError(Exception):
    """The worker cannot do what was asked, or is gone; ``str(error)`` is one plain sentence for people."""


class WorkerCancelledError(WorkerError):
    """What was asked for was cancelled with `WorkerClient.cancel`; the worker can be asked again."""


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
        raise NotImplementedError

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
        raise NotImplementedError

    @property
    def usable(self) -> bool:
        """Whether the worker can be asked (again): it runs, and nothing went wrong between it and this client.

        After a WorkerError that is the worker's own answer (no such network, no CUDA, cancelled) it can; after one
        because it died, hung or wrote garbage it cannot, and a new client is needed.
        """
        raise NotImplementedError

    def colorize(
        self,
        picture: Picture,
        settings: Settings,
        chunks: Iterable[bytes],
        *,
        into: Callable[[memoryview], object],
        on_progress: Callable[[float, str], object] = lambda _share, _step: None,
    ) -> Answer:
        """Send a picture, and hand on the picture in colour while it comes.

        Everything that is passed in is called on the calling thread. What it raises goes through, and ends the worker.

        Args:
            picture: the shape of the pixels.
            settings: how.
            chunks: the pixels' bytes in order, in pieces of any length.
            into: gets the result (`Picture.coloured`) from the top in strips of whole rows, each of about 4 MiB and at
                least one row; the view is valid during the call only.
            on_progress: gets the share of the work that is done, 0 to 1, and what is being done now: "send", "load",
                "colorize", "receive"; at least once a second while the worker works.

        Raises:
            WorkerCancelledError: `cancel` was called.
            WorkerError: anything else that keeps the picture from being colorized; `into` may have been called.
        """
        raise NotImplementedError

    def cancel(self) -> None:
        """Let the `colorize` that is under way end with WorkerCancelledError, as soon as the worker can; else nothing.

        Returns at once.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the worker at once, whatever it is doing; once more does nothing."""
        raise NotImplementedError
