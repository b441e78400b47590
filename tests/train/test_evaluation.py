import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from skimage.metrics import peak_signal_noise_ratio

from photochrom import Colorizer
from photochrom.colour.lab import from_linear, luminance
from photochrom.files.imageio import read_image
from photochrom.networks.contract import read_contract
from photochrom_train.backbone import MobileNetV2
from photochrom_train.baselines import MeanColours, measure_mean_colours
from photochrom_train.cli import main
from photochrom_train.evaluation import ALL, EVALUATION_FILE, PICTURES, read_evaluation
from photochrom_train.evaluation_table import tables
from photochrom_train.evaluator import Evaluator, evaluate
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.photo_source import DataError, EncodedPhoto, UInt8
from photochrom_train.recognition import imagenet_class
from photochrom_train.sheet import SheetRow, draw_sheet


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    file = tmp_path_factory.mktemp("classifier") / "random.safetensors"
    save_file(MobileNetV2(3, 1000).state_dict(), file)
    return file


@pytest.fixture(scope="module")
def shard(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory, make_shard, jpeg) -> Path:
    """Four photographs of two sources, and a broken one in their midst."""
    photos = [jpeg(cv2.imread(str(file))) for file in sorted(photo_folder.iterdir())[:4]]
    path = tmp_path_factory.mktemp("shard") / "val.tar"
    make_shard(
        path,
        {
            "imagenetsample-000007": (photos[0], {"source": "imagenet_sample"}),
            "beach-1": (photos[1], {"source": "beach"}),
            "broken-1": (photos[1][:500], {"source": "beach"}),
            "imagenetsample-000011": (photos[2], {"source": "imagenet_sample"}),
            "beach-2": (photos[3], {"source": "beach"}),
        },
    )
    return path


def evaluate_command(shipped, shard: Path, out: Path, *more: str) -> int:
    places = ["--model", str(shipped.network), "--photos", str(shard), "--out", str(out), "--cache", str(shipped.cache)]
    return main(["evaluate", *places, "--device", "cpu", *more])


@pytest.fixture(scope="module")
def evaluated(shipped, shard: Path, classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluated")
    assert evaluate_command(shipped, shard, out, "--classifier", str(classifier)) == 0
    return out


def test_an_evaluation_says_what_was_measured_on_what(shipped, shard: Path, evaluated: Path):
    evaluation = read_evaluation(evaluated / EVALUATION_FILE)
    assert evaluation.model["sha256"] == hashlib.sha256(shipped.network.read_bytes()).hexdigest()
    assert evaluation.sources == [{"name": "val.tar", "sha256": hashlib.sha256(shard.read_bytes()).hexdigest()}]
    assert (evaluation.device, evaluation.engine) == ("cpu", "opencv")
    assert evaluation.versions["OpenCV"] == cv2.__version__
    assert {name: group.photographs for name, group in evaluation.groups.items()} == {
        "all": 4,
        "beach": 2,
        "imagenet_sample": 2,
    }
    assert {name: group.recognisable for name, group in evaluation.groups.items()} == {
        "all": 2,
        "beach": 0,
        "imagenet_sample": 2,
    }


def test_a_broken_photograph_is_named_counted_and_skipped(evaluated: Path):
    (unreadable,) = read_evaluation(evaluated / EVALUATION_FILE).unreadable
    assert unreadable.startswith("broken-1: ")
    assert "4 photographs, 1 unreadable" in (evaluated / "evaluation.md").read_text()


def test_every_figure_has_an_interval_around_it(evaluated: Path):
    figures = read_evaluation(evaluated / EVALUATION_FILE).groups[ALL].figures
    wanted = {
        f"{kind}.{name}" for kind in PICTURES for name in ("psnr", "ssim", "delta_e", "delta_e00", "colourfulness")
    }
    wanted |= {f"{kind}.top1" for kind in ("truth", *PICTURES)}
    wanted |= {"psnr_gain", "delta_e_ratio", "colourfulness_ratio", "calibration_error", "result.bleeding"}
    wanted |= {"linear.bleeding", "result.border_error", "truth.colourfulness", "lightness_share"}
    assert wanted <= set(figures)
    for figure in figures.values():
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9 or np.isnan(figure.low)
    assert figures["psnr_gain"].value == pytest.approx(figures["result.psnr"].value - figures["grey.psnr"].value)
    assert figures["grey.colourfulness"].value == pytest.approx(0, abs=0.01)


def test_lightness_stays_within_a_level(evaluated: Path):
    whole = read_evaluation(evaluated / EVALUATION_FILE).groups[ALL]
    assert 0 < whole.largest_lightness_change <= 1
    assert whole.figures["lightness_share"].value == 0


def test_figures_are_those_of_the_cores_own_pipeline(shipped, evaluated: Path, photo_folder: Path, jpeg):
    colorizer = Colorizer(shipped.network, device="cpu")
    gains = []
    for file in sorted(photo_folder.iterdir())[:4]:
        truth = EncodedPhoto("photo", jpeg(cv2.imread(str(file)))).decode()
        grey = np.asarray(from_linear(luminance(truth), np.dtype(np.uint8)), np.uint8)
        result = colorizer.colorize(grey)
        gains.append(peak_signal_noise_ratio(truth, result) - peak_signal_noise_ratio(truth, np.dstack([grey] * 3)))
    figures = read_evaluation(evaluated / EVALUATION_FILE).groups[ALL].figures
    assert figures["psnr_gain"].value == pytest.approx(np.mean(gains))


def test_the_tables_show_every_group_and_picture(evaluated: Path):
    text = (evaluated / "evaluation.md").read_text()
    for words in ("PSNR [dB]", "mean colour of the lightness", "| beach | 2 |", "| imagenet_sample | 2 |", "bleeding"):
        assert words in text
    assert "nan" not in text


def test_the_sheet_shows_each_photograph_three_times(evaluated: Path):
    height, width = read_image(evaluated / "sheet.png").pixels.shape[:2]
    assert height > 2 * 200
    assert width > 2 * 3 * 200


def test_the_same_seed_gives_the_same_evaluation(
    shipped, shard: Path, classifier: Path, evaluated: Path, tmp_path: Path
):
    assert evaluate_command(shipped, shard, tmp_path, "--classifier", str(classifier)) == 0
    for name in (EVALUATION_FILE, "sheet.png"):
        assert (tmp_path / name).read_bytes() == (evaluated / name).read_bytes()


def test_without_a_classifier_nothing_is_recognised(shipped, shard: Path, tmp_path: Path):
    assert evaluate_command(shipped, shard, tmp_path, "--limit", "2") == 0
    evaluation = read_evaluation(tmp_path / EVALUATION_FILE)
    assert evaluation.groups[ALL].photographs == 2
    assert evaluation.groups[ALL].recognisable == 0
    assert "truth.top1" not in evaluation.groups[ALL].figures
    assert "recognised" not in tables(evaluation)


@pytest.fixture
def grey_network(shipped, tmp_path: Path) -> Path:
    """A network that answers no colour at all, quite sure of it."""
    outputs = {"chroma": np.zeros((1, 2, 32, 32), np.float32), "confidence": np.ones((1, 1, 32, 32), np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["lightness"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Mul", ["small", "none"], ["nothing"]),
            *(helper.make_node("Add", ["nothing", f"{name}_value"], [name]) for name in outputs),
        ],
        "grey",
        [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, 64, 64])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in outputs.items()],
        [
            numpy_helper.from_array(np.zeros((1, 1, 1, 1), np.float32), "none"),
            *(numpy_helper.from_array(value, f"{name}_value") for name, value in outputs.items()),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    contract = dataclasses.replace(
        read_contract(shipped.network.with_suffix(".json")),
        name="grey",
        file="grey.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
    )
    (tmp_path / "grey.json").write_text(contract.to_json())
    (tmp_path / "grey.onnx").write_bytes(data)
    return tmp_path / "grey.onnx"


NO_COLOUR = MeanColours(np.array([0, 100], np.float32), np.zeros((2, 2), np.float32))


def test_a_network_that_answers_grey_is_as_good_as_grey(grey_network: Path, photo_folder: Path):
    evaluation, _ = evaluate(Evaluator(grey_network, NO_COLOUR, None, device="cpu"), [photo_folder], limit=4)
    figures = evaluation.groups[ALL].figures
    assert figures["psnr_gain"].value == pytest.approx(0, abs=0.01)
    assert figures["delta_e_ratio"].value == pytest.approx(1, abs=0.01)
    assert figures["colourfulness_ratio"].value == pytest.approx(0, abs=0.01)
    assert figures["mean_colour.psnr"].value == pytest.approx(figures["grey.psnr"].value)
    assert figures["calibration_error"].value > 0.5


def test_photographs_in_folders_belong_to_no_source(grey_network: Path, photo_folder: Path):
    evaluation, sheet = evaluate(
        Evaluator(grey_network, NO_COLOUR, None, device="cpu"), [photo_folder], limit=3, sheet_photos=2
    )
    assert list(evaluation.groups) == [ALL]
    assert len(sheet) == 2
    assert [picture.shape for picture in sheet[0].pictures] == [sheet[0].pictures[0].shape] * 3


def test_a_source_named_all_does_not_hide_the_figures_of_all(
    grey_network: Path, photo_folder: Path, tmp_path: Path, make_shard, jpeg
):
    photos = [jpeg(cv2.imread(str(file))) for file in sorted(photo_folder.iterdir())[:2]]
    shard = make_shard(tmp_path / "all.tar", {"a": (photos[0], {"source": ALL}), "b": (photos[1], {"source": "sea"})})
    evaluation, _ = evaluate(Evaluator(grey_network, NO_COLOUR, None, device="cpu"), [shard])
    assert {name: group.photographs for name, group in evaluation.groups.items()} == {
        "all": 2,
        "all (source)": 1,
        "sea": 1,
    }


def test_a_dead_link_among_the_photographs_costs_no_measurements(
    grey_network: Path, photo_folder: Path, tmp_path: Path
):
    folder = shutil.copytree(photo_folder, tmp_path / "photos")
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    evaluation, _ = evaluate(Evaluator(grey_network, NO_COLOUR, None, device="cpu"), [folder])
    assert evaluation.groups[ALL].photographs == 12


def test_nothing_readable_is_an_error_that_names_it(grey_network: Path, tmp_path: Path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "text.png").write_text("no picture")
    evaluator = Evaluator(grey_network, NO_COLOUR, None, device="cpu")
    with pytest.raises(DataError, match=r"text\.png"):
        evaluate(evaluator, [tmp_path / "bad"])
    with pytest.raises(DataError, match="the sources hold none"):
        evaluate(evaluator, [tmp_path / "bad"], limit=0)


@pytest.mark.parametrize(
    ("key", "source", "wanted"),
    [
        ("imagenetsample-000001", "imagenet_sample", 0),
        ("imagenetsample-001000", "imagenet_sample", 999),
        ("imagenetsample-000001", "", None),
        ("flickr8k-000001", "flickr8k", None),
        ("photo.png", "imagenet_sample", None),
    ],
)
def test_a_class_is_known_for_the_imagenet_sample_alone(key: str, source: str, wanted: int | None):
    assert imagenet_class(EncodedPhoto(key, b"", source)) == wanted


def test_a_sheet_fits_pictures_of_any_shape(photo: UInt8):
    rows = [SheetRow("wide", (photo[:20], photo[:20])), SheetRow("tall", (photo[:, :20], photo[:, :20]))]
    sheet = draw_sheet([*rows, rows[0]], ("before", "after"), 40)
    assert sheet.dtype == np.uint8
    assert sheet.shape[0] == 2 * (40 + 20)
    assert draw_sheet(rows[:1], ("before", "after"), 40).shape[1] == 2 * (round(96 * 40 / 20) + 6)


def test_mean_colours_come_from_the_cache(shipped):
    assert measure_mean_colours(PhotoCache(shipped.cache), 1).lightness.size > 10


def test_an_evaluation_survives_its_file(evaluated: Path, tmp_path: Path):
    evaluation = read_evaluation(evaluated / EVALUATION_FILE)
    (tmp_path / "again.json").write_text(evaluation.to_json())
    assert read_evaluation(tmp_path / "again.json") == evaluation
    assert json.loads(evaluation.to_json())["groups"]["all"]["figures"]["psnr_gain"].keys() == {"value", "low", "high"}
