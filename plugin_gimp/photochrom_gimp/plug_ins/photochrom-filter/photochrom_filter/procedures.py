"""The procedures that GIMP learns of: their names, menu entries and arguments, and what the arguments' values mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gi.repository import Gimp, GObject

from photochrom_filter.errors import RefusalError
from photochrom_filter.messages import Settings
from photochrom_filter.texts import _

MENU = "<Image>/Filters/Photochrom"
IMAGE_TYPES = "RGB*, GRAY*, INDEXED*"
"""Indexed ones are refused by the filter itself: a greyed-out entry tells nobody what to do."""

Output = Literal["new-layer-color", "new-layer", "replace"]
_READ_WRITE = GObject.ParamFlags.READWRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be done to each drawable."""

    settings: Settings
    """For the worker."""
    output: Output
    """new-layer-color: a layer in mode LCh Color; new-layer: one in mode Normal; replace: the drawable's own pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter: a menu entry and a procedure."""

    task: str
    """What a network that it can use does, as `Model.task` names it."""
    label: Callable[[], str]
    """Of the menu entry, with its mnemonic."""
    title: Callable[[], str]
    """Of the dialog and in the status bar."""
    blurb: Callable[[], str]
    """One sentence about what it does."""
    help: Callable[[], str]
    """What a user of the procedure browser has to know."""
    declare: Callable[[Gimp.Procedure], None]
    """Adds the arguments to the procedure."""
    request: Callable[[Gimp.ProcedureConfig], Request]
    """Reads the arguments' values."""


def create(plug_in: Gimp.PlugIn, name: str, run: Callable[..., Gimp.ValueArray]) -> Gimp.Procedure:
    """The procedure of a filter, as GIMP wants it described.

    Args:
        plug_in: whose procedure it is.
        name: one of `FILTERS`.
        run: called by GIMP.
    """
    chosen = FILTERS[name]
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_image_types(IMAGE_TYPES)
    procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE | Gimp.ProcedureSensitivityMask.DRAWABLES)
    procedure.set_menu_label(chosen.label())
    procedure.add_menu_path(MENU)
    procedure.set_documentation(chosen.blurb(), chosen.help(), name)
    procedure.set_attribution("The photochrom authors", "The photochrom authors, Apache License 2.0", "2026")
    chosen.declare(procedure)
    return procedure


def _declare_colorize(procedure: Gimp.Procedure) -> None:
    procedure.add_string_argument(
        "model",
        _("_Model"),
        _("A network that comes with photochrom, or the path of an .onnx file of your own"),
        "colorize",
        _READ_WRITE,
    )
    procedure.add_double_argument(
        "strength",
        _("S_trength"),
        _("Share of the new colors; the rest are the photograph's own"),
        0,
        1,
        1,
        _READ_WRITE,
    )
    procedure.add_double_argument(
        "saturation", _("S_aturation"), _("How strong the new colors are; 0 is gray"), 0, 2, 1, _READ_WRITE
    )
    procedure.add_double_argument(
        "fade-uncertain",
        _("_Fade where uncertain"),
        _("How far colors fade to gray where the network only guesses"),
        0,
        1,
        0,
        _READ_WRITE,
    )
    procedure.add_choice_argument(
        "output", _("O_utput"), _("Where the colors go"), _outputs(), "new-layer-color", _READ_WRITE
    )
    procedure.add_boolean_argument(
        "confidence-layer",
        _("Confide_nce as a layer"),
        _("Add a hidden layer that shows how sure the network is: white is sure"),
        False,
        _READ_WRITE,
    )
    procedure.add_choice_argument(
        "device", _("_Device"), _("What the network runs on"), _devices(), "auto", _READ_WRITE
    )


def _outputs() -> Gimp.Choice:
    choice = Gimp.Choice.new()
    choice.add(
        "new-layer-color", 0, _("New layer in mode LCh Color"), _("The photograph's own pixels stay as they are")
    )
    choice.add("new-layer", 1, _("New layer"), _("In mode Normal, with the whole photograph in color"))
    choice.add("replace", 2, _("Replace the layer's pixels"), "")
    return choice


def _devices() -> Gimp.Choice:
    choice = Gimp.Choice.new()
    choice.add("auto", 0, _("Automatic"), _("CUDA where it works, else the CPU"))
    choice.add("cpu", 1, "CPU", "")
    choice.add("cuda", 2, "CUDA", "")
    choice.add("cuda_fp16", 3, _("CUDA, half precision"), "")
    return choice


def _colorize_request(config: Gimp.ProcedureConfig) -> Request:
    """What the arguments of colorize ask for.

    Raises:
        RefusalError: the name of the network is empty.
    """
    model = config.get_property("model")
    if not model:
        raise RefusalError(_("No model was given; “colorize” is the one that comes with photochrom."))
    settings = Settings(
        model=model,
        device=config.get_property("device"),
        strength=config.get_property("strength"),
        saturation=config.get_property("saturation"),
        fade_uncertain=config.get_property("fade-uncertain"),
        confidence=config.get_property("confidence-layer"),
    )
    return Request(settings=settings, output=config.get_property("output"))


FILTERS = {
    "python-fu-photochrom-colorize": Filter(
        task="colorize",
        label=lambda: _("_Colorize…"),
        title=lambda: _("Colorize"),
        blurb=lambda: _("Give a black-and-white photograph colors"),
        help=lambda: _(
            "Each selected layer is colorized as a whole, and the effect limited to the selection and to the layer's "
            "mask. A grayscale image becomes RGB. All of it is one step of undo."
        ),
        declare=_declare_colorize,
        request=_colorize_request,
    ),
}
"""By the name of the procedure."""
