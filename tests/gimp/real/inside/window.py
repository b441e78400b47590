"""What a test with a window asks inside GIMP: show a photograph, tell all of an image's state, read the dialog."""

import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gegl, Gimp, GimpUi, Gio, GLib, Gtk  # noqa: E402

PROCEDURE = "python-fu-photochrom-colorize"


def show(path: str) -> int:
    """Open a photograph in a window, as a user's own file: with undo, and without changes; the display's number."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    image.undo_enable()
    image.clean_all()
    number: int = Gimp.Display.new(image).get_id()
    return number


def close(display: int) -> None:
    """Close a photograph without asking whether to save it."""
    Gimp.Display.get_by_id(display).delete()


def count_layers() -> int:
    """How many layers the only image has; unlike pixels, these may be counted while the filter works on them.

    GIMP ends a process that reads the pixels of a drawable whose format has changed since the process asked for it.
    """
    (image,) = Gimp.get_images()
    return len(image.get_layers())


def state() -> dict[str, object]:
    """What the only image is made of: what an undo has to give back. Not while the filter runs: see `count_layers`."""
    Gegl.init(None)
    (image,) = Gimp.get_images()
    return {
        "base": int(image.get_base_type()),
        "precision": int(image.get_precision()),
        "size": [image.get_width(), image.get_height()],
        "selected": [layer.get_name() for layer in image.get_selected_layers()],
        "layers": [_layer_state(layer) for layer in image.get_layers()],
    }


def _layer_state(layer: Gimp.Layer) -> dict[str, object]:
    return {
        "name": layer.get_name(),
        "mode": layer.get_mode().value_nick,
        "opacity": layer.get_opacity(),
        "visible": layer.get_visible(),
        "place": list(layer.get_offsets())[-2:],
        "pixels": _digest(layer),
        "mask": None if layer.get_mask() is None else _digest(layer.get_mask()),
    }


def _digest(drawable: Gimp.Drawable) -> str:
    area = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    own_format = None
    pixels = drawable.get_buffer().get(area, 1.0, own_format, Gegl.AbyssPolicy.NONE)
    return hashlib.sha256(pixels).hexdigest()


def read_dialog(until: str, within: float, arguments: dict[str, object] | None = None) -> dict[str, object]:
    """Run the dialog in this process, press Cancel when a text is in it, and tell what could be read there.

    Args:
        until: part of the text.
        within: how long to wait for it before Cancel is pressed anyway [s].
        arguments: of the procedure, for the dialog to begin with.

    Returns:
        "title" of the window, "texts" of its visible widgets from top to bottom, whether "ok" can be pressed, and
        "longest": the longest time for which nothing else could happen in the process [s].
    """
    folder = str(Path(Gimp.directory()) / "plug-ins" / "photochrom-filter")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from photochrom_filter import dialog
    from photochrom_filter.warm_worker import WarmWorker

    Gegl.init(None)
    (image,) = Gimp.get_images()
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    config = procedure.create_config()
    for name, value in (arguments or {}).items():
        config.set_property(name, value)
    found: dict[str, object] = {}
    longest = 0.0
    end = time.monotonic() + within
    last: float | None = None

    def look() -> bool:
        nonlocal last, longest
        now = time.monotonic()
        longest = max(longest, now - (last or now))
        last = now
        for window in Gtk.Window.list_toplevels():
            if isinstance(window, GimpUi.ProcedureDialog) and window.get_visible():
                texts = list(_texts(window))
                if now > end or any(until in text for text in texts):
                    ok = window.get_widget_for_response(Gtk.ResponseType.OK).get_sensitive()
                    found.update(title=window.get_title(), texts=texts, ok=ok, longest=longest)
                    window.response(Gtk.ResponseType.CANCEL)
                    return False
        return True

    GLib.timeout_add(20, look)
    with WarmWorker() as warm:
        found["accepted"] = dialog.run(procedure, config, image, image.get_selected_layers(), warm)
    return found


def _texts(widget: Gtk.Widget) -> Iterator[str]:
    if not widget.get_visible():
        return
    if isinstance(widget, Gtk.Label) and widget.get_text():
        yield widget.get_text()
    if isinstance(widget, Gtk.ComboBoxText):
        yield widget.get_active_text() or ""
    elif isinstance(widget, Gtk.ComboBox):
        row = widget.get_active_iter()
        columns = range(widget.get_model().get_n_columns())
        values = [] if row is None else [widget.get_model().get_value(row, column) for column in columns]
        yield from (value for value in values if isinstance(value, str))
    if isinstance(widget, Gtk.Container):
        for child in widget.get_children():
            yield from _texts(child)
