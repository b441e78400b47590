"""How far a conversion is, for people who watch: a bar on a terminal, and every failure as it happens."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from photochrom.conversion.result import Progress

if TYPE_CHECKING:
    from tqdm import tqdm  # at run time only where there is a bar: it takes 40 ms of processor time


class ProgressBar:
    """Shows progress on standard error; a context."""

    def __init__(self, *, quiet: bool) -> None:
        """Show nothing yet.

        Args:
            quiet: whether failures alone are shown.
        """
        self.is_shown = not quiet and sys.stderr.isatty()
        """Whether there is a bar, and not failures alone."""
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the bar away."""
        del kind, error, traceback
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: Progress) -> None:
        """Show how far it is now."""
        if progress.result is not None and progress.result.status == "failed":
            self._say(f"failed: {progress.result.reason}\n")
        if not self.is_shown:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=progress.total,
                initial=progress.finished,
                unit="photo",
                file=sys.stderr,
                smoothing=0,
                dynamic_ncols=True,
                leave=False,
            )
        self._bar.total = progress.total
        if progress.result is not None and progress.result.status == "skipped":
            self._bar.initial += 1  # what took no time shall not promise a fast end
        self._bar.n = progress.finished
        self._bar.refresh()

    def _say(self, line: str) -> None:
        """Write a line above the bar, where there is one."""
        if self._bar is None:
            sys.stderr.write(line)
        else:
            self._bar.write(line, file=sys.stderr, end="")
