"""The filter's dialog on a screen, as a user opens it, looks at it and works it."""

import time
from collections.abc import Callable

import numpy as np
from PIL import Image
from tests.gimp.real.desktop import Desktop
from tests.gimp.real.root import RootError

TITLE = "^Colorize$"
LEFT, TOP, RIGHT, BOTTOM = 60, 60, 400, 250
"""Within the dialog, a part of the preview of every photograph that is at least 451 x 300 [pixels]."""


class Dialog:
    """The dialog, opened from the menu of an image's window.

    Args:
        desktop: The screen.
        main: Identifier of the image's window.
    """

    def __init__(self, desktop: Desktop, main: str) -> None:
        self._desktop = desktop
        # Filters, the last entry of it, and the only entry of that.
        desktop.key(main, "alt+r")
        time.sleep(0.5)
        for key in ("Up", "Right", "Return"):
            desktop.do("key", key)
            time.sleep(0.3)
        self.window = desktop.wait_for_window(TITLE)

    def key(self, *keys: str) -> None:
        """Press keys one after the other."""
        self._desktop.key(self.window, *keys)

    def is_open(self) -> bool:
        """Whether it is still there."""
        return self.window in self._desktop.windows()

    def wait_until_gone(self, seconds: float) -> None:
        """Return when it is closed."""
        self._desktop.wait_until_gone(TITLE, seconds)

    def colourfulness(self) -> float:
        """Of the preview, the mean difference between the largest and the smallest of red, green and blue."""
        geometry = self._desktop.do("getwindowgeometry", "--shell", self.window)
        place = dict(line.split("=") for line in geometry.split() if "=" in line)
        x, y = int(place["X"]), int(place["Y"])
        with Image.open(self._desktop.screenshot("dialog")) as picture:
            pixels = np.asarray(picture.convert("RGB").crop((x + LEFT, y + TOP, x + RIGHT, y + BOTTOM)), dtype=np.int16)
        return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())

    def wait_for_preview(self, wanted: Callable[[float], bool], seconds: float = 60) -> float:
        """The preview's colourfulness, once it is as wanted.

        Raises:
            RootError: It never was within so many seconds.
        """
        end = time.monotonic() + seconds
        while not wanted(found := self.colourfulness()):
            if time.monotonic() > end:
                raise RootError(f"the preview's colourfulness is still {found:.1f} after {seconds:.0f} s")
            time.sleep(0.2)
        return found
