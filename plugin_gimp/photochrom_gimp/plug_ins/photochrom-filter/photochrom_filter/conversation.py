"""Messages and their bytes between the plug-in and a worker; what the worker may not say ends it."""

import json
from contextlib import suppress
from time import monotonic, perf_counter
from typing import Final

from photochrom_filter.interpreter import MEND, Interpreter
from photochrom_filter.messages import PROTOCOL, Failure, Hello, Message, Progress, Result, read_reply
from photochrom_filter.texts import _
from photochrom_filter.worker_error import WorkerError
from photochrom_filter.worker_process import WorkerProcess

_LONGEST_LINE: Final = 1 << 20
"""[bytes]"""
_MOST_NOISE: Final = 1 << 16
"""How much may be printed before the worker says hello, and how long its hello may be [bytes]."""
_SHOWN: Final = 80
"""Of what was not understood, how much is shown [bytes]."""


class Conversation:
    """A worker to speak with; `close` and `cut_in` may be called from any thread, the others from one at a time."""

    def __init__(self, interpreter: Interpreter, *, start_limit: float, silence_limit: float) -> None:
        """Start the worker.

        Args:
            interpreter: which Python has photochrom.
            start_limit: how long the worker may take until it says hello [s].
            silence_limit: how long it may say or take nothing while it is waited for [s].

        Raises:
            WorkerError: the interpreter cannot be started.
        """
        self.seconds = 0.0
        """How long it took, in all, to write what was said and to read the bytes of results [s]."""
        self._python = interpreter.python
        self._start_limit = start_limit
        self._silence_limit = silence_limit
        self._process = WorkerProcess(interpreter)

    @property
    def open(self) -> bool:
        """Whether it can go on."""
        return self._process.runs

    def hello(self) -> Hello:
        """How the worker introduces itself; to be called first, and once.

        Raises:
            WorkerError: it does not start, speaks another version of the protocol, or says something else.
        """
        start = monotonic()
        noise = b""
        while len(noise) < _MOST_NOISE:
            line = self._process.read_line(_MOST_NOISE, self._start_limit, start)
            with suppress(ValueError):
                return self._accepted(Hello.read(_message(line)))
            noise += line  # printed by something that Python imports before the worker
        self.close()
        raise _garbage(noise)

    def say(self, message: Message) -> None:
        """Give the worker a message.

        Raises:
            WorkerError: it ended, or hangs.
        """
        self.give(_line(message))

    def give(self, data: bytes) -> None:
        """Give the worker bytes that a message announced; errors as of `say`."""
        start = perf_counter()
        self._process.write(data, self._silence_limit)
        self.seconds += perf_counter() - start

    def cut_in(self, message: Message) -> None:
        """Give the worker a message while another thread waits for it, which will find out whether it is there."""
        with suppress(WorkerError):
            self._process.write(_line(message), None)

    def reply(self, number: int, size: int, confidence_size: int) -> Progress | Failure | Result:
        """The next message from the worker.

        Args:
            number: of the request that it is about.
            size: of all that was asked for: the picture in colour and the map of confidence [bytes].
            confidence_size: of the map alone [bytes].

        Raises:
            WorkerError: it ended, hangs, or says something else.
        """
        line = self._process.read_line(_LONGEST_LINE, self._silence_limit)
        try:
            return read_reply(_message(line), number, size, confidence_size)
        except ValueError:
            self.close()
            raise _garbage(line) from None

    def take(self, count: int) -> bytes:
        """So many of the bytes that a message announced; errors as of `say`."""
        start = perf_counter()
        data = self._process.read(count, self._silence_limit)
        self.seconds += perf_counter() - start
        return data

    def close(self) -> None:
        """End the worker at once, whatever it is doing; once more does nothing."""
        self._process.end()

    def _accepted(self, hello: Hello) -> Hello:
        """The same, if the two can understand each other.

        Raises:
            WorkerError: they cannot.
        """
        if hello.protocol == PROTOCOL:
            return hello
        self.close()
        if hello.protocol > PROTOCOL:
            sentence = _(
                "the plug-in is older than photochrom {version} in {python} and does not understand it; "
                "run `photochrom gimp install` there to update the plug-in"
            )
        else:
            sentence = _(
                "photochrom {version} in {python} is older than the plug-in, which does not understand it; "
                "update photochrom there, then run `photochrom gimp install`"
            )
        raise WorkerError(sentence.format(version=hello.version, python=self._python))


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
