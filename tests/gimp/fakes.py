"""Made-up desktops for tests of the installer: programs that answer as GIMP and Python would, folders around them."""

import sys
from dataclasses import dataclass
from pathlib import Path

from photochrom_gimp.system import System

GIMP = """
import json, os, pathlib, re, subprocess, sys, time

VERSION = {version!r}
if "--version" in sys.argv:
    print("GNU Image Manipulation Program version " + VERSION)
    sys.exit()
with open({log!r}, "a") as log:
    log.write(json.dumps({{"arguments": sys.argv[1:], "variables": dict(os.environ), "pid": os.getpid()}}) + "\\n")
own = os.environ.get("GIMP3_DIRECTORY")
config = os.environ.get("XDG_CONFIG_HOME") or os.environ["HOME"] + "/.config"
profile = pathlib.Path(own or config + "/GIMP/" + VERSION.rpartition(".")[0])
script = sys.stdin.read()
{behaviour}
"""
"""What a GIMP that has been started with a profile does is up to the behaviour."""

MAKES_PROFILE = "(profile / 'plug-ins').mkdir(parents=True, exist_ok=True)\n"
SEES_PLUG_IN = r"""
answer = {"registered": False}
if "photochrom-proof" in script:
    places = re.search(r'\(plug-in-path "(.*)"\)', (profile / "gimprc").read_text())[1]
    places = re.sub(r"\\(.)", r"\1", places).split(os.pathsep)
    entries = [pathlib.Path(place, "photochrom-filter", "photochrom-filter.py") for place in places]
    if any(os.access(entry, os.X_OK) for entry in entries):
        answer = {"registered": True, "succeeded": True, "message": "", "coloured": True, "seconds": 0.25}
    print("noise before")
    print("photochrom-proof " + json.dumps(answer))
"""
HEALTHY = MAKES_PROFILE + SEES_PLUG_IN
"""Makes a profile when it has none, and finds the plug-in where gimprc says."""


def answers(**answer: object) -> str:
    """A behaviour: the proof's answer is this, whatever there is."""
    return f"print('photochrom-proof ' + json.dumps({answer!r}))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """A home folder and a folder with programs; nothing else is on the path."""

    folder: Path

    @property
    def home(self) -> Path:
        """The user's."""
        return self.folder / "home"

    @property
    def programs(self) -> Path:
        """The one folder on the path."""
        return self.folder / "bin"

    @property
    def log(self) -> Path:
        """Each start of a GIMP with its arguments and environment: a line of JSON."""
        return self.folder / "gimp.log"

    def system(self, *, platform: str = "linux", **variables: str) -> System:
        """It as the installer sees it."""
        base = {"PATH": str(self.programs), "HOME": str(self.home)}
        return System(platform=platform, home=self.home, variables=base | variables)

    def add_program(self, name: str, text: str, *, folder: Path | None = None) -> Path:
        """A program in Python."""
        path = (folder or self.programs) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{sys.executable} -S\n{text}")
        path.chmod(0o755)
        return path

    def add_gimp(
        self, version: str, behaviour: str = HEALTHY, *, name: str = "gimp-console", folder: Path | None = None
    ) -> Path:
        """A GIMP of a version."""
        text = GIMP.format(version=version, log=str(self.log), behaviour=behaviour)
        return self.add_program(name, text, folder=folder)

    def add_profile(self, place: str) -> Path:
        """A settings folder below the home folder."""
        path = self.home / place
        path.mkdir(parents=True)
        return path


WORKER = """
import json, sys
print(json.dumps({hello!r}), flush=True)
sys.stdin.read()
"""


def hello(version: str, protocol: int = 1) -> str:
    """A program that introduces itself as a worker, whatever its arguments are."""
    return WORKER.format(hello={"hello": "photochrom", "protocol": protocol, "version": version, "models": []})
