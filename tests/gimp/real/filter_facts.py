"""The filter called in a real GIMP on an image that is made for it, and what is known afterwards."""

from typing import TypedDict, cast

from tests.gimp.real.session import GimpSession

from photochrom.networks.model_store import models

MADE_BY = f"Photochrom {models()[0].name} {models()[0].version}"
"""How the name of a new layer begins."""

Json = dict[str, object]


class Changes(TypedDict):
    """The largest differences of any pixel that can be seen."""

    lightness: float
    """L* of sRGB's white, which photochrom keeps."""
    gimp_lightness: float
    """L* of D50, which GIMP's layer mode LCh Color keeps."""
    a: float
    b: float
    alpha: float
    """In [0, 1], as all alpha here."""


def largest(changes: Changes) -> float:
    """The largest change of all."""
    return max(changes["lightness"], changes["gimp_lightness"], changes["a"], changes["b"], changes["alpha"])


class Layer(TypedDict):
    """A layer besides its pixels."""

    name: str
    parent: str | None
    mode: str
    type: str
    opacity: float
    visible: bool
    size: list[int]
    offset: list[int]
    mask: bool
    edit_mask: bool
    lock_alpha: bool
    selected: bool


class Original(TypedDict):
    """What happened to the pixels of a layer on which the filter was called."""

    identical: bool
    outside: int
    """How many of its pixels are not selected at all."""
    outside_identical: bool
    """Whether those are stored as they were, bit for bit."""
    alpha_identical: bool
    changes: Changes
    colouring: float
    """How far a* and b* moved, on average of the selected pixels."""


class Seen(TypedDict):
    """How all layers together look different."""

    changes: Changes
    outside: Changes
    """Of pixels that are not selected at all."""
    alpha: float
    """The largest difference, of invisible pixels too."""
    colouring: float


class Facts(TypedDict):
    """What `process` tells."""

    status: str
    sentence: str | None
    unchanged: bool
    """Nothing of the image is different, and GIMP knows of no step to undo."""
    base: str
    precision: str
    layers: list[Layer]
    """From the top, groups before what is in them."""
    originals: list[Original]
    seen: Seen
    masks: list[float | None]
    """For each layer, how far its mask is from its original's mask times the selection; None: it has none."""


def process(gimp: GimpSession, wanted: Json | None = None, /, **arguments: object) -> Facts:
    """Make an image, call the filter on its selected layers, and look at it.

    Args:
        gimp: where.
        wanted: the image, as `inside/pictures.py` makes it; what it does not say is 8-bit RGB with one layer.
        arguments: of the filter, with _ for -.
    """
    named = {name.replace("_", "-"): value for name, value in arguments.items()}
    return cast("Facts", gimp.call("pictures.process", wanted=wanted or {}, arguments=named))
