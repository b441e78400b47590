"""The version of the protocol, and those of its messages that have always the same form."""

from collections.abc import Mapping
from typing import Final

import photochrom
from photochrom.errors import DeviceError, ImageError, ModelError
from photochrom.networks.model_store import models

PROTOCOL: Final = 1
"""Changes whenever a client of the version before would misunderstand."""

Message = Mapping[str, object]
"""What a line of JSON says."""


class RequestError(ValueError):
    """A request that is not one of this protocol."""


class RequestCancelledError(Exception):
    """The client does not want the result any more."""


_KINDS: Final[Mapping[type[Exception], str]] = {
    ImageError: "image",
    MemoryError: "image",
    ModelError: "model",
    DeviceError: "device",
    RequestCancelledError: "cancelled",
}


def hello() -> Message:
    """How the worker introduces itself.

    Raises:
        ModelError: the shipped networks are missing or damaged.
    """
    shipped = [{"name": model.name, "version": model.version, "task": model.task} for model in models()]
    return {"hello": "photochrom", "protocol": PROTOCOL, "version": photochrom.__version__, "models": shipped}


def progress(number: int, share: float, step: str) -> Message:
    """How far a request is.

    Args:
        number: its id.
        share: of the work that is done, 0 to 1.
        step: what is being done now.
    """
    return {"id": number, "progress": share, "step": step}


def failure(number: int | None, error: Exception) -> Message:
    """Why a request has no result.

    Args:
        number: its id; None: it has none.
        error: what happened.
    """
    return {"id": number, "error": str(error), "kind": _KINDS.get(type(error), "internal")}
