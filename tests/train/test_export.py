import copy
import dataclasses
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from photochrom.networks.contract import read_contract
from photochrom.networks.network import load_network
from photochrom_train import parity
from photochrom_train.calibration import BINS, calibrate, reliability
from photochrom_train.checkpoint import load_averaged
from photochrom_train.colorize_network import ColorizeNetwork
from photochrom_train.config import TrainConfig
from photochrom_train.export import export
from photochrom_train.exported_weights import ExportedWeights
from photochrom_train.networks import build_network
from photochrom_train.onnx_file import METADATA_KEY, OPSET, count_macs, fold_batch_norm, round_to_float16, trace
from photochrom_train.palette import Palette
from photochrom_train.photo_cache import PhotoCache


@pytest.fixture
def network(config: TrainConfig) -> ColorizeNetwork:
    """Random weights and random batch statistics, as if trained."""
    colours = np.array([(a, b) for a in range(-40, 50, 20) for b in range(-40, 50, 20)], np.float32)
    network = build_network(config, Palette(colours, np.full(25, 1 / 25, np.float32)))
    random = torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3, generator=random)
            module.running_var.uniform_(0.5, 2, generator=random)
    return network.eval()


def some_lightness(size: int = 64) -> torch.Tensor:
    return torch.rand(1, 1, size, size, generator=torch.manual_seed(2)) * 100


@torch.no_grad()
def test_folding_batch_normalisation_keeps_the_outputs(network: ColorizeNetwork):
    folded = copy.deepcopy(network)
    fold_batch_norm(folded)
    assert not [module for module in folded.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    torch.testing.assert_close(folded(some_lightness()).chroma, network(some_lightness()).chroma, atol=1e-3, rtol=1e-4)


def test_rounded_weights_are_stored_in_half_the_space(network: ColorizeNetwork):
    fold_batch_norm(network)
    plain = trace(network, 64)
    round_to_float16(network)
    small = trace(network, 64)
    assert small.ByteSize() < 0.6 * plain.ByteSize()
    kinds = {tensor.data_type for tensor in small.graph.initializer if np.prod(tensor.dims) >= 1000}
    assert kinds == {TensorProto.FLOAT16}


def test_a_network_of_twice_the_side_costs_four_times_as_much(network: ColorizeNetwork):
    small, large = count_macs(network, 64), count_macs(network, 128)
    assert 3.9 < large / small <= 4


def test_the_exported_file_keeps_its_contract(shipped):
    contract = read_contract(shipped.network.with_suffix(".json"))
    model = onnx.load(shipped.network)
    onnx.checker.check_model(model, full_check=True)
    assert contract.size == (64, 64)
    assert contract.stride == 2
    assert contract.opset == OPSET == model.opset_import[0].version
    assert contract.size_bytes == shipped.network.stat().st_size
    assert [output.name for output in model.graph.output] == ["chroma", "confidence"]
    (carried,) = [entry.value for entry in model.metadata_props if entry.key == METADATA_KEY]
    assert carried == contract.metadata()
    assert {engine.partition("-")[0] for engine in contract.parity} == {"onnxruntime", "opencv"}
    assert all(0 <= value < 0.1 for value in contract.parity.values())


def test_an_export_leaves_its_measurements_with_the_run(shipped):
    report = json.loads((shipped.run / "export.json").read_text())
    assert report["sha256"] == read_contract(shipped.network.with_suffix(".json")).sha256
    assert set(report["calibration"]) >= {"temperature", "gain", "calibration_error"}
    assert set(report["differences"]["onnxruntime"]) == {"chroma", "confidence"}


def test_a_network_that_an_engine_computes_otherwise_is_not_written(
    shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(parity.TOLERANCE, "chroma", -1.0)
    with pytest.raises(parity.ParityError, match=r"onnxruntime: chroma differs by .*, allowed is -1"):
        export(config, shipped.run, cache, tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_an_interpreter_that_cannot_run_the_file_is_named(
    shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no OpenCV here >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(parity.ParityError, match=r"exit code 3.*no OpenCV here"):
        export(config, shipped.run, cache, tmp_path / "models", [broken])


def wrapped_python(file: Path, after: str = "") -> Path:
    """An interpreter that runs this one, and then some more on what the probe wrote."""
    file.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\nimport numpy as np\n"
        f"subprocess.run([{sys.executable!r}, *sys.argv[1:]], check=True)\n"
        f"out = sys.argv[4]\nwith np.load(out) as found:\n    result = dict(found)\n{after}\n"
    )
    file.chmod(0o755)
    return file


def test_of_two_interpreters_with_one_opencv_the_worse_counts(shipped, config: TrainConfig, tmp_path: Path):
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    good, bad = (
        Path(sys.executable),
        wrapped_python(tmp_path / "bad", "result['chroma'] += 50\nnp.savez(out, **result)"),
    )
    for interpreters in ([good, bad], [bad, good]):
        differences = parity.measure_parity(network, shipped.network, some_lightness().numpy(), interpreters)
        assert sorted(differences) == sorted(["onnxruntime", f"opencv-{cv2.__version__}"])
        assert differences[f"opencv-{cv2.__version__}"]["chroma"] > 40


def test_an_interpreter_in_the_current_folder_is_found(
    shipped, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    wrapped_python(tmp_path / "py")
    monkeypatch.chdir(tmp_path)
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    assert len(parity.measure_parity(network, shipped.network, some_lightness().numpy(), [Path("./py")])) == 2


def test_an_interpreter_that_writes_nothing_is_named(shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path):
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\n")
    silent.chmod(0o755)
    with pytest.raises(parity.ParityError, match=r"silent could not run the file \(exit code 0.*it said nothing"):
        export(config, shipped.run, cache, tmp_path / "models", [silent])


def test_differences_that_are_no_number_are_refused():
    with pytest.raises(parity.ParityError, match="chroma differs by nan"):
        parity.require_parity({"opencv": {"chroma": float("nan"), "confidence": 0.0}})
    parity.require_parity({"opencv": {"chroma": 0.0, "confidence": 0.0}})


def test_parity_sees_a_network_that_was_changed(shipped, config: TrainConfig):
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    network.gain.fill_(1.0)
    lightness = some_lightness().numpy()
    differences = parity.measure_parity(network, shipped.network, lightness, [Path(sys.executable)])
    assert len(differences) == 2
    for outputs in differences.values():
        assert outputs["chroma"] > 1


def test_calibration_reaches_the_wanted_colourfulness(shipped, config: TrainConfig, cache: PhotoCache):
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    held_out = cache.split(4)[1]
    settled = calibrate(network, cache, held_out, 64, wanted_colourfulness=0.15)
    assert settled.colourfulness_ratio == pytest.approx(0.15, abs=0.02)
    assert float(network.gain) == pytest.approx(settled.gain)
    assert float(network.temperature) == pytest.approx(settled.temperature)
    assert settled.calibration_error < 0.2


def test_the_widest_distributions_fade_in_the_exported_file(
    shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    fading = dataclasses.replace(config, export=dataclasses.replace(config.export, widest=20.0))
    calibration = export(fading, shipped.run, cache, tmp_path, []).calibration
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    network.gain.fill_(calibration.gain)
    file, lightness = tmp_path / f"{config.name}.onnx", some_lightness().numpy()
    assert calibration.widest == 20
    assert parity.measure_parity(network, file, lightness, [])["onnxruntime"]["chroma"] > 1
    network.widest = calibration.widest
    assert parity.measure_parity(network, file, lightness, [])["onnxruntime"]["chroma"] < 0.1


def test_the_exported_file_has_the_contrast_and_a_run_can_begin_with_it(
    shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path
):
    strong = dataclasses.replace(config, export=dataclasses.replace(config.export, contrast=1.5))
    calibration = export(strong, shipped.run, cache, tmp_path, [Path(sys.executable)]).calibration
    network, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    network.gain.fill_(calibration.gain)
    file, lightness = tmp_path / f"{config.name}.onnx", some_lightness().numpy()
    assert calibration.contrast == 1.5
    plain = parity.measure_parity(network, file, lightness, [])["onnxruntime"]["chroma"]
    network.contrast = calibration.contrast
    assert parity.measure_parity(network, file, lightness, [])["onnxruntime"]["chroma"] < min(0.1, plain / 4)
    assert len(ExportedWeights(file).palette) == network.palette.shape[0]
    assert load_network(file.with_suffix(".json")).contract.task == "colorize"


def test_reliability_compares_stated_with_observed_probability():
    confidence = torch.tensor([0.05, 0.95, 0.95, 0.95])
    near = torch.tensor([False, True, True, False])
    stated, observed = reliability(confidence, near)
    assert stated.shape == observed.shape == (BINS,)
    assert stated.tolist() == pytest.approx([0.05 / 4, *[0] * 8, 3 * 0.95 / 4])
    assert observed.tolist() == pytest.approx([0, *[0] * 8, 2 / 4])
    sure = reliability(torch.ones(3, 2), torch.ones(3, 2, dtype=torch.bool))
    assert float((sure[0] - sure[1]).abs().sum()) == 0


def test_another_name_gives_other_files(shipped, config: TrainConfig, cache: PhotoCache, tmp_path: Path):
    report = export(dataclasses.replace(config, name="other"), shipped.run, cache, tmp_path, [])
    assert {path.name for path in tmp_path.iterdir()} == {"other.onnx", "other.json"}
    assert report.contract.name == "other"
    assert set(report.differences) == {"onnxruntime"}
