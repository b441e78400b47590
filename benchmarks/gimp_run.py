"""What a run of the filter takes, part by part, measured inside GIMP: `gimp.py` lets GIMP's batch interpreter run this.

Reads ``/lab/order.json`` (the photographs' paths, how often) and writes ``/lab/times.json``. Everything is done with
the plug-in's own functions, which PYTHONPATH has to name, in the order of `photochrom_filter.job`; the runs share a
worker, as previews and the result of a dialog do.
"""

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

from photochrom_filter.layer_names import layer_name  # noqa: E402
from photochrom_filter.messages import Settings  # noqa: E402
from photochrom_filter.outputs import add_layer  # noqa: E402
from photochrom_filter.pixel_format import picture_of  # noqa: E402
from photochrom_filter.pixels import PixelSink, read  # noqa: E402
from photochrom_filter.undo_step import undo_step  # noqa: E402
from photochrom_filter.warm_worker import WarmWorker  # noqa: E402

PROCEDURE = "python-fu-photochrom-colorize"
Times = dict[str, float]
"""Seconds by what they were spent on."""


class Stopwatch:
    """Adds up the time spent on one thing."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        self.seconds += time.perf_counter() - self._start

    def during(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same chunks; counts what making each of them takes."""
        while True:
            with self:
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk


def colorize(image: Gimp.Image, warm: WarmWorker) -> Times:
    """Put a coloured layer above the only one of an image."""
    layer = image.get_layers()[0]
    total, reading, writing, inserting = Stopwatch(), Stopwatch(), Stopwatch(), Stopwatch()
    with total:
        worker, settings = warm.client(), Settings()
        picture = picture_of(layer)
        sink = PixelSink(picture.coloured)

        def take(strip: bytes) -> None:
            with writing:
                sink.write(strip)

        answer = worker.colorize(picture, settings, reading.during(read(layer, picture)), into=take)
        with inserting, undo_step(image):
            if image.get_base_type() == Gimp.ImageBaseType.GRAY:
                image.convert_rgb()
            add_layer(layer, sink.buffer, layer_name(settings, {}), Gimp.LayerMode.LCH_COLOR)
    return {
        "total": total.seconds,
        "pixels": reading.seconds + writing.seconds,
        "transfer": answer.seconds["send"] + answer.seconds["receive"],
        "load": answer.seconds["load"],
        "colorize": answer.seconds["colorize"],
        "insert": inserting.seconds,
    }


def call(image: Gimp.Image) -> float:
    """A call of the procedure, as a script does it: with the start of the plug-in, the worker and the network [s]."""
    procedure = Gimp.get_pdb().lookup_procedure(PROCEDURE)
    config = procedure.create_config()
    config.set_property("image", image)
    config.set_core_object_array("drawables", image.get_layers()[:1])
    begin = time.perf_counter()
    result = procedure.run(config)
    seconds = time.perf_counter() - begin
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        raise RuntimeError(result.index(1))
    return seconds


def measure(path: str, repeats: int, warm: WarmWorker) -> Times:
    """Median times for one photograph, each run with the image as it was opened."""
    runs = []
    for number in range(repeats + 1):
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
        times = colorize(image, warm)
        image.delete()
        if number:  # the first one loads the network, and touches memory for the first time
            runs.append(times)
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    called = call(image)
    image.delete()
    return {name: statistics.median(times[name] for times in runs) for name in runs[0]} | {"call": called}


def main() -> None:
    """Measure what was ordered."""
    Gegl.init(None)
    order = json.loads(Path("/lab/order.json").read_text(encoding="utf-8"))
    with WarmWorker() as warm:
        measured = [measure(path, order["repeats"], warm) for path in order["photographs"]]
    answer = {"gimp": Gimp.version(), "measured": measured}
    Path("/lab/times.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
