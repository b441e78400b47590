import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from photochrom_train.backbone import MobileNetV2, load_backbone
from photochrom_train.checkpoint import TrainingState, begin_with, load_averaged, load_exported, read_checkpoint
from photochrom_train.config import ConfigError, TrainConfig, load_config
from photochrom_train.distributed import World
from photochrom_train.exported_weights import ExportedWeights
from photochrom_train.palette import measure_palette
from photochrom_train.photo_cache import PhotoCache
from photochrom_train.training import train
from photochrom_train.validation import held_out_batches

CPU = torch.device("cpu")
ALONE = World(0, 1, CPU)


@pytest.fixture
def weights(shipped) -> ExportedWeights:
    return ExportedWeights(shipped.network)


@pytest.fixture
def state(shipped, weights: ExportedWeights) -> TrainingState:
    config, cache = load_config(shipped.config), PhotoCache(shipped.cache)
    palette = measure_palette(cache, list(range(12)), config.palette, 1, weights.palette)
    return TrainingState(config, palette, CPU)


@pytest.fixture
def lightness(shipped) -> torch.Tensor:
    return next(held_out_batches(PhotoCache(shipped.cache), list(range(8)), 64))[0]


def test_the_palette_is_that_of_the_run(shipped, weights: ExportedWeights):
    trained, _ = load_averaged(load_config(shipped.config), shipped.run / "checkpoint.pt")
    np.testing.assert_array_equal(weights.palette, trained.palette.numpy())


@torch.no_grad()
def test_a_network_filled_with_them_gives_what_the_exported_one_gave(
    shipped, weights: ExportedWeights, state: TrainingState, lightness: torch.Tensor
):
    trained, _ = load_averaged(load_config(shipped.config), shipped.run / "checkpoint.pt")
    begin_with(state, weights, lightness)
    assert state.network.training
    for network in (state.network, state.average.module):
        scores = network.eval()(lightness[:2]).scores
        torch.testing.assert_close(scores, trained(lightness[:2]).scores, atol=2e-2, rtol=1e-2)  # float16 weights


@torch.no_grad()
def test_the_statistics_are_those_of_the_photographs(
    weights: ExportedWeights, state: TrainingState, lightness: torch.Tensor
):
    """So training mode, which takes the batch's own statistics, changes nothing for the same batch."""
    begin_with(state, weights, lightness)
    evaluated = state.network.eval()(lightness).scores
    torch.testing.assert_close(state.network.train()(lightness).scores, evaluated, atol=1e-2, rtol=1e-2)


@torch.no_grad()
def test_filters_before_batch_norms_are_as_long_as_steps_of_training_suppose(
    weights: ExportedWeights, state: TrainingState, lightness: torch.Tensor
):
    begin_with(state, weights, lightness)
    sequences = [module for module in state.network.modules() if isinstance(module, torch.nn.Sequential)]
    filters = [
        module[index - 1].get_parameter("weight").flatten(1)
        for module in sequences
        for index, norm in enumerate(module)
        if isinstance(norm, torch.nn.BatchNorm2d)
    ]
    lengths = torch.cat([rows.norm(dim=1) for rows in filters])
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_a_run_begins_with_the_network_that_its_config_names(shipped, tmp_path: Path):
    config, cache = load_config(shipped.config), PhotoCache(shipped.cache)
    stage = dataclasses.replace(config.stages[0], steps=1, learning_rate=0, encoder_learning_rate=0)
    config = dataclasses.replace(config, start=shipped.network, stages=(stage,))
    assert train(config, cache, tmp_path, ALONE)
    begun, ended = (
        read_checkpoint(folder / "checkpoint.pt", CPU)["network"]["head.weight"] for folder in (shipped.run, tmp_path)
    )
    exported = ExportedWeights(shipped.network)
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "checkpoint.pt", CPU)["palette_colours"], exported.palette)
    assert begun.shape == ended.shape
    averaged = load_averaged(config, shipped.run / "checkpoint.pt")[0].head.weight
    torch.testing.assert_close(ended, averaged, atol=1e-3, rtol=1e-3)


def test_the_mean_of_what_a_run_began_with_and_of_what_came_of_it_can_be_shipped(shipped, tmp_path: Path):
    config, cache = load_config(shipped.config), PhotoCache(shipped.cache)
    config = dataclasses.replace(
        config, start=shipped.network, stages=(dataclasses.replace(config.stages[0], steps=1),)
    )
    assert train(config, cache, tmp_path, ALONE)
    start, end, mean = (
        load_exported(dataclasses.replace(config, export=dataclasses.replace(config.export, stages=stages)), tmp_path)
        for stages in (("start",), ("only",), ("start", "only"))
    )
    trained, _ = load_averaged(config, shipped.run / "checkpoint.pt")
    torch.testing.assert_close(start.head.weight, trained.head.weight, atol=1e-3, rtol=1e-3)
    assert not torch.equal(start.head.weight, end.head.weight)
    torch.testing.assert_close(mean.head.weight, (start.head.weight + end.head.weight) / 2)


def test_a_stage_begins_with_the_backbones_encoder_in_the_network_that_the_run_began_with(shipped, tmp_path: Path):
    """At a learning rate of zero it ends with that, too, and so does a mean, in which one named twice counts twice."""
    backbone = tmp_path / "backbone.safetensors"
    save_file(MobileNetV2(3, 1000).state_dict(), backbone)
    config, cache = load_config(shipped.config), PhotoCache(shipped.cache)
    still = dataclasses.replace(config.stages[0], steps=1, learning_rate=0, encoder_learning_rate=0)
    stages = (
        dataclasses.replace(still, name="fresh", begins_with=("backbone",)),
        dataclasses.replace(still, name="mixed", begins_with=("start", "backbone", "start")),
    )
    config = dataclasses.replace(config, start=shipped.network, backbone=backbone, stages=stages)
    assert train(config, cache, tmp_path, ALONE)
    start, fresh, mixed = (
        load_averaged(config, tmp_path / f"stage-{name}.pt")[0] for name in ("start", "fresh", "mixed")
    )
    torch.testing.assert_close(fresh.head.weight, start.head.weight)
    loaded = load_backbone(backbone, input_channels=1, classes=0).state_dict()
    for name, began in start.encoder.state_dict().items():
        torch.testing.assert_close(fresh.encoder.state_dict()[name], loaded[name])
        torch.testing.assert_close(mixed.encoder.state_dict()[name], (2 * began + loaded[name]) / 3)


def test_another_architecture_is_refused(
    weights: ExportedWeights, shipped, state: TrainingState, lightness: torch.Tensor
):
    config = load_config(shipped.config)
    wider = dataclasses.replace(config, architecture=dataclasses.replace(config.architecture, widths=(16, 8, 8, 8)))
    with pytest.raises(ConfigError, match=r"tiny\.onnx, whose layers are not those of \[architecture\]; give the one"):
        begin_with(TrainingState(wider, state.palette, CPU), weights, lightness)


def test_another_grid_of_colours_is_refused(config: TrainConfig, cache: PhotoCache, weights: ExportedWeights):
    finer = dataclasses.replace(config.palette, bin_width=7.0)
    with pytest.raises(ConfigError, match=r"palette\.bin_width is 7; give that of the network that the run starts"):
        measure_palette(cache, list(range(12)), finer, 1, weights.palette)


def test_colours_that_the_photographs_lack_keep_a_share(config: TrainConfig, cache: PhotoCache):
    colours = np.array([(0, 0), (120, 120)], np.float32)
    palette = measure_palette(cache, list(range(12)), config.palette, 1, colours)
    assert 0 < palette.prior[1] < 0.01
    assert palette.prior.sum() == pytest.approx(1)


def test_what_is_no_exported_network_is_refused_by_name(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"absent\.onnx, which is no file; name an exported network"):
        ExportedWeights(tmp_path / "absent.onnx")
    with pytest.raises(ConfigError, match=r"no ONNX file .*; name an exported network"):
        ExportedWeights(tmp_path)
    (tmp_path / "text.onnx").write_text("no network at all")
    with pytest.raises(ConfigError, match=r"text\.onnx, which is no ONNX file"):
        ExportedWeights(tmp_path / "text.onnx")


def test_a_foreign_network_is_refused(tmp_path: Path):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "foreign", [value], [value])
    onnx.save(helper.make_model(graph), str(tmp_path / "foreign.onnx"))
    with pytest.raises(ConfigError, match=r"foreign\.onnx, which photochrom-train did not export; name a network"):
        ExportedWeights(tmp_path / "foreign.onnx")
