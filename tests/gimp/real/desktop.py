"""A screen inside a root, with a window manager: a test's eyes (screenshots) and fingers (keys, clicks)."""

import time
from pathlib import Path

from tests.gimp.real.root import Root, RootError
from tests.gimp.real.session import DISPLAY

SIZE = (1280, 900)
"""Width and height of the screen [pixels]."""


class Desktop:
    """Xvfb and openbox, started in a root; they end with it.

    Args:
        root: Where they run; screenshots are kept in its ``lab/screenshots``.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self.screenshots = root.lab / "screenshots"
        self.screenshots.mkdir()
        width, height = SIZE
        root.start(["Xvfb", DISPLAY, "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"], "xvfb.log")
        root.wait_for("env", f"DISPLAY={DISPLAY}", "xdotool", "getdisplaygeometry", seconds=20)
        root.start(["openbox"], "openbox.log", {"DISPLAY": DISPLAY})

    def do(self, *arguments: str, seconds: float = 20) -> str:
        """What ``xdotool ARGUMENTS`` prints.

        Raises:
            RootError: It failed.
        """
        return self._root.run("xdotool", *arguments, seconds=seconds, expect=0, environment={"DISPLAY": DISPLAY}).output

    def windows(self) -> dict[str, str]:
        """Title of every visible window, by its identifier."""
        search = ["xdotool", "search", "--onlyvisible", "--name", "."]
        found = self._root.run(*search, environment={"DISPLAY": DISPLAY}).output.split()
        named = {
            window: self._root.run("xdotool", "getwindowname", window, environment={"DISPLAY": DISPLAY})
            for window in found
        }
        return {window: outcome.output.strip() for window, outcome in named.items() if outcome.status == 0}

    def wait_for_window(self, title: str, seconds: float = 60) -> str:
        """Identifier of the visible window whose title matches this regular expression, once it is there.

        Raises:
            RootError: None came; a screenshot ``no-window`` was taken.
        """
        try:
            found = self._root.wait_for(
                "env", f"DISPLAY={DISPLAY}", "xdotool", "search", "--onlyvisible", "--name", title, seconds=seconds
            )
        except RootError:
            self.screenshot("no-window")
            raise RootError(f"no window {title!r}, but {sorted(self.windows().values())}") from None
        return found.split()[0]

    def wait_until_gone(self, title: str, seconds: float = 30) -> None:
        """Return when no visible window matches this regular expression any more.

        Raises:
            RootError: One stayed; a screenshot ``still-there`` was taken.
        """
        end = time.monotonic() + seconds
        search = ["xdotool", "search", "--onlyvisible", "--name", title]
        while self._root.run(*search, environment={"DISPLAY": DISPLAY}).status == 0:
            if time.monotonic() > end:
                self.screenshot("still-there")
                raise RootError(f"the window {title!r} is still there after {seconds:.0f} s")
            time.sleep(0.25)

    def key(self, window: str, *keys: str) -> None:
        """Press keys ("Return", "alt+r") one after the other in a window, which comes to the front."""
        self.do("windowactivate", "--sync", window)
        for key in keys:
            self.do("key", key)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click at a place of the screen [pixels]."""
        self.do("mousemove", "--sync", str(x), str(y), "click", str(button))

    def screenshot(self, name: str) -> Path:
        """A picture of the whole screen, kept as ``screenshots/NAME.png``."""
        self._root.run(
            "import", "-window", "root", f"/lab/screenshots/{name}.png", expect=0, environment={"DISPLAY": DISPLAY}
        )
        return self.screenshots / f"{name}.png"
