"""How well an exported network colours photographs: through the core's own pipeline, at full size, against baselines.

Each photograph is made grey (its own L*, 8 bits), coloured by `photochrom.Colorizer`, and measured against itself.
"""

import platform
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

import photochrom
from photochrom.colour.lab import Float32, from_linear, lightness, luminance, merge_lab, to_srgb
from photochrom.errors import ImageError
from photochrom.networks.device import Device, Engine
from photochrom.networks.model_store import find
from photochrom.networks.network import load_network
from photochrom.painting.prepare import prepare
from photochrom_train.baselines import MeanColours
from photochrom_train.calibration import BINS, NEAR, reliability
from photochrom_train.evaluation import ALL, EVALUATION_FILE, PICTURES, Evaluation, Group
from photochrom_train.evaluation_table import tables
from photochrom_train.intervals import CONFIDENCE, RESAMPLES, Figure, Means, bootstrap
from photochrom_train.metrics import ColourBorders, LabPicture, colourfulness, fidelity, lightness_change
from photochrom_train.photo_cache import digest
from photochrom_train.photo_source import DataError, EncodedPhoto, UInt8, read_all
from photochrom_train.recognition import Recogniser, imagenet_class
from photochrom_train.sheet import SheetRow, draw_sheet

_FIDELITY = ("psnr", "ssim", "delta_e", "delta_e00", "colourfulness")
_RECOGNITION = ("top1", "probability")
_ENLARGED = ("result", "linear")
_SHEET_HEIGHT = 200


class Evaluator:
    """Measures photographs, one after the other.

    Args:
        model: name or path of the exported network.
        mean_colours: the baseline, measured on the training photographs.
        recogniser: the ImageNet classifier; without it nothing is recognised.
        device: for the network.
        engine: for the network.
    """

    def __init__(
        self,
        model: str | Path,
        mean_colours: MeanColours,
        recogniser: Recogniser | None,
        *,
        device: Device = "auto",
        engine: Engine = "opencv",
    ) -> None:
        self.colorizer = photochrom.Colorizer(model, device=device, engine=engine)
        self._network = load_network(find(model), device=device, engine=engine)
        self._mean_colours = mean_colours
        self._recogniser = recogniser

    def measure(self, photo: EncodedPhoto) -> tuple[dict[str, float], SheetRow]:
        """The columns of one photograph, and its pictures: grey, result, truth.

        Raises:
            ImageError: it cannot be read.
        """
        truth = LabPicture.of(photo.decode())
        grey = np.asarray(from_linear(luminance(truth.bgr), np.dtype(np.uint8)), np.uint8)
        grey_lightness = lightness(luminance(grey))
        coloured = self.colorizer.predict(grey)
        result = LabPicture.of(np.asarray(coloured.image, np.uint8))
        pictures = {
            "grey": LabPicture.of(_paint(grey, np.zeros((2, *grey.shape), np.float32))),
            "mean_colour": LabPicture.of(_paint(grey, self._mean_colours(grey_lightness))),
            "result": result,
        }
        row = {
            f"{kind}.{name}": value
            for kind, picture in pictures.items()
            for name, value in fidelity(picture, truth).items()
        }
        row["truth.colourfulness"] = colourfulness(truth.bgr)
        row |= lightness_change(result, grey_lightness)
        borders = ColourBorders(truth)
        linear = LabPicture.of(_paint(grey, self._linear_chroma(grey)))
        for kind, picture in {"truth": truth, "result": result, "linear": linear}.items():
            row |= {f"{kind}.{name}": value for name, value in borders.steps(picture).items()}
        near = np.hypot(*(result.chroma - truth.chroma)) < NEAR
        stated, observed = reliability(torch.from_numpy(coloured.confidence), torch.from_numpy(near))
        for at in range(BINS):
            row |= {f"stated.{at}": float(stated[at]), f"observed.{at}": float(observed[at])}
        wanted = imagenet_class(photo) if self._recogniser else None
        for kind, picture in {"truth": truth, **pictures}.items():
            if self._recogniser and wanted is not None:
                judged = self._recogniser.judge(picture.bgr, wanted)
            else:
                judged = dict.fromkeys(_RECOGNITION, float("nan"))
            row |= {f"{kind}.{name}": value for name, value in judged.items()}
        return row, SheetRow(photo.key, (pictures["grey"].bgr, result.bgr, truth.bgr))

    def _linear_chroma(self, grey: UInt8) -> Float32:
        """(2, H, W) the network's a* and b*, enlarged linearly without a guide."""
        contract = self._network.contract
        prepared = prepare(grey, contract.size, stride=contract.stride)
        chroma = prepared.window.crop(self._network.run({"lightness": prepared.lightness})["chroma"], contract.stride)
        size = (grey.shape[1], grey.shape[0])
        return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in chroma])


def evaluate(
    evaluator: Evaluator,
    sources: list[Path],
    *,
    limit: int | None = None,
    sheet_photos: int = 24,
    seed: int = 1,
    on_photo: Callable[[int], None] = lambda _: None,
) -> tuple[Evaluation, list[SheetRow]]:
    """The figures of a set of photographs, and a seeded choice of them for a sheet.

    Args:
        evaluator: holds the network.
        sources: image folders and shards.
        limit: how many photographs to measure at most.
        sheet_photos: how many to show.
        seed: of the resampling and of the choice.
        on_photo: called with the number of photographs done, unreadable ones included.

    Raises:
        DataError: not one photograph could be read.
    """
    rows: list[dict[str, float]] = []
    names: list[str] = []
    unreadable: list[str] = []
    shown: list[tuple[float, SheetRow]] = []
    random = np.random.default_rng(seed)
    digests = [{"name": path.name, "sha256": digest(path)} for path in sources]
    for done, photo in enumerate(islice(read_all(sources), limit), 1):
        try:
            row, pictures = evaluator.measure(photo)
        except ImageError as error:
            unreadable.append(f"{photo.key}: {error}")
        else:
            rows.append(row)
            names.append(photo.source)
            shown.append((random.random(), pictures))
            shown = sorted(shown, key=lambda entry: entry[0])[:sheet_photos]
        on_photo(done)
    if not rows:
        raise DataError(f"no photograph could be read; {'; '.join(unreadable[:20]) or 'the sources hold none'}")
    groups = {ALL: _group(rows, seed)}
    for name in sorted(set(names) - {""}):
        groups[f"{name} (source)" if name == ALL else name] = _group(
            [row for row, source in zip(rows, names, strict=True) if source == name], seed
        )
    contract = evaluator.colorizer.contract
    evaluation = Evaluation(
        model={name: getattr(contract, name) for name in ("name", "version", "sha256", "size_bytes", "macs")},
        sources=digests,
        unreadable=unreadable,
        seed=seed,
        resamples=RESAMPLES,
        confidence=CONFIDENCE,
        versions={
            "photochrom": photochrom.__version__,
            "OpenCV": cv2.__version__,
            "numpy": np.__version__,
            "scikit-image": version("scikit-image"),
            "torch": torch.__version__,
            "Python": platform.python_version(),
        },
        device=evaluator.colorizer.device,
        engine=evaluator.colorizer.engine,
        groups=groups,
    )
    return evaluation, [pictures for _, pictures in shown]


def write_evaluation(evaluation: Evaluation, sheet: list[SheetRow], folder: Path) -> None:
    """Write the evaluation as JSON and as tables, and the sheet as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / EVALUATION_FILE).write_text(evaluation.to_json(), encoding="utf-8")
    (folder / "evaluation.md").write_text(tables(evaluation) + "\n", encoding="utf-8")
    png = cv2.imencode(".png", draw_sheet(sheet, ("grey", "network", "truth"), _SHEET_HEIGHT))[1]
    (folder / "sheet.png").write_bytes(png.tobytes())


def _paint(grey: UInt8, chroma: Float32) -> UInt8:
    """(H, W, 3) BGR of (H, W) grey and (2, H, W) a* b* at the same size."""
    y = luminance(grey)
    return np.asarray(to_srgb(y, merge_lab(y, chroma), grey.dtype), np.uint8)


def _group(rows: list[dict[str, float]], seed: int) -> Group:
    return Group(
        photographs=len(rows),
        recognisable=sum(not np.isnan(row["truth.top1"]) for row in rows),
        largest_lightness_change=max(row["lightness_change"] for row in rows),
        figures=bootstrap(rows, _FIGURES, seed),
    )


def _column(name: str) -> Figure:
    return lambda means: means[name]


def _won_back(name: str, kind: str) -> Figure:
    """What colour gives back of what grey loses."""
    return lambda means: (
        (means[f"{kind}.{name}"] - means[f"grey.{name}"]) / (means[f"truth.{name}"] - means[f"grey.{name}"])
    )


def _bleeding(kind: str) -> Figure:
    """How much of the colour step across borders has run off them: 0 is as sharp as the truth, 1 no step there."""
    return lambda means: (
        1
        - (means[f"{kind}.step_near"] / means[f"{kind}.step_far"])
        / (means["truth.step_near"] / means["truth.step_far"])
    )


def _calibration_error(means: Means) -> NDArray[np.float64]:
    distances = [np.abs(means[f"stated.{at}"] - means[f"observed.{at}"]) for at in range(BINS)]
    return np.asarray(np.sum(distances, axis=0), np.float64)


_FIGURES: dict[str, Figure] = {
    **{f"{kind}.{name}": _column(f"{kind}.{name}") for kind in PICTURES for name in _FIDELITY},
    "truth.colourfulness": _column("truth.colourfulness"),
    **{f"{kind}.{name}": _column(f"{kind}.{name}") for kind in ("truth", *PICTURES) for name in _RECOGNITION},
    **{f"{kind}.{name}_won_back": _won_back(name, kind) for kind in PICTURES[1:] for name in _RECOGNITION},
    "psnr_gain": lambda means: means["result.psnr"] - means["grey.psnr"],
    "delta_e_ratio": lambda means: means["result.delta_e"] / means["grey.delta_e"],
    "colourfulness_ratio": lambda means: means["result.colourfulness"] / means["truth.colourfulness"],
    "lightness_share": _column("lightness_share"),
    **{f"{kind}.bleeding": _bleeding(kind) for kind in _ENLARGED},
    **{f"{kind}.border_error": _column(f"{kind}.border_error") for kind in _ENLARGED},
    "calibration_error": _calibration_error,
}
