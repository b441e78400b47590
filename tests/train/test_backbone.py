from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from photochrom_train.backbone import (
    TAP_CHANNELS,
    TOP_CHANNELS,
    MobileNetV2,
    load_backbone,
    load_classifier,
    to_backbone_range,
)
from photochrom_train.photo_source import read_source
from photochrom_train.recognition import Recogniser, imagenet_class


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the pretrained one: random weights, 3x3 kernels everywhere, float16."""
    torch.manual_seed(1)
    weights = MobileNetV2(3, 10).state_dict()
    for name, value in weights.items():
        if value.ndim == 4 and value.shape[-1] == 4:
            weights[name] = value[:, :, 1:, 1:]
    file = tmp_path_factory.mktemp("backbone") / "random.safetensors"
    save_file({name: value.half().contiguous() for name, value in weights.items()}, file)
    return file


def test_feature_maps_halve_in_size_and_have_the_stated_channels():
    taps = MobileNetV2(1, 0).features_at(torch.zeros(2, 1, 64, 96))
    assert [tuple(tap.shape) for tap in taps[:5]] == [
        (2, channels, 64 >> level, 96 >> level) for level, channels in enumerate(TAP_CHANNELS, 1)
    ]
    assert taps[5].shape == (2, TOP_CHANNELS, 2, 3)


def test_a_network_without_classifier_says_so():
    with pytest.raises(ValueError, match="without a classifier"):
        MobileNetV2(1, 0)(torch.zeros(1, 1, 32, 32))


def test_strided_depthwise_layers_keep_full_precision_among_mixed_ones():
    layer = next(part for part in MobileNetV2(1, 0).modules() if isinstance(part, nn.Conv2d) and part.groups == 96)
    features = torch.rand(1, 96, 16, 16, generator=torch.manual_seed(1))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer(features.bfloat16())
    assert layer.stride == (2, 2)
    torch.testing.assert_close(mixed, layer(features.bfloat16().float()))


def test_stored_kernels_pad_right_and_bottom_alone(stored: Path):
    network = load_backbone(stored, input_channels=3, classes=10)
    weights = {name: value.float() for name, value in load_file(stored).items()}
    picture = torch.rand(1, 3, 32, 32, generator=torch.manual_seed(2))
    wanted = functional.conv2d(
        functional.pad(picture, (0, 1, 0, 1)), weights["features.0.0.weight"], weights["features.0.0.bias"], stride=2
    )
    first = network.features[0]
    assert isinstance(first, torch.nn.Sequential)
    torch.testing.assert_close(first[0](picture), wanted, atol=1e-5, rtol=1e-5)


def test_every_striding_layer_takes_the_stored_kernel_after_a_zero_row_and_column(stored: Path):
    network = load_backbone(stored, input_channels=3, classes=10)
    weights = load_file(stored)
    widened = [name for name, value in network.named_parameters() if value.shape[-1] == 4]
    assert len(widened) == 5
    for name, value in network.named_parameters():
        kernel = value[:, :, 1:, 1:] if name in widened else value
        torch.testing.assert_close(kernel, weights[name].float())
        if name in widened:
            assert not value[:, :, 0].any()
            assert not value[:, :, :, 0].any()


def test_one_channel_sees_grey_as_three_channels_do(stored: Path):
    one, three = (load_backbone(stored, input_channels=channels, classes=0) for channels in (1, 3))
    grey = torch.rand(1, 1, 64, 64, generator=torch.manual_seed(3)) * 2 - 1
    for given, wanted in zip(one.features_at(grey), three.features_at(grey.expand(-1, 3, -1, -1)), strict=True):
        torch.testing.assert_close(given, wanted, atol=1e-4, rtol=1e-3)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"absent\.safetensors does not exist; name a file with MobileNetV2"):
        load_backbone(tmp_path / "absent.safetensors", input_channels=1, classes=0)


def test_weights_of_another_network_are_refused(tmp_path: Path):
    save_file({"features.0.0.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(
        ValueError, match=r"other\.safetensors is no whole file of MobileNetV2's weights for 1000 classes"
    ):
        load_backbone(tmp_path / "other.safetensors", input_channels=3, classes=1000)


@pytest.mark.parametrize("kept", [0, 4, 100, 1000])
@pytest.mark.parametrize("input_channels", [1, 3])
def test_damaged_weights_are_refused(tmp_path: Path, kept: int, input_channels: int):
    save_file({"features.0.0.weight": torch.zeros(32, 3, 3, 3)}, tmp_path / "cut.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "cut.safetensors").read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"cut\.safetensors is no whole file of MobileNetV2's weights: "):
        load_backbone(tmp_path / "cut.safetensors", input_channels=input_channels, classes=0)


def test_the_backbones_range_is_minus_one_to_one():
    assert to_backbone_range(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1, 0, 1]


def test_the_classifier_is_frozen(backbone_file: Path):
    network = load_classifier(backbone_file)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_the_shared_classifier_recognises_photographs(backbone_file: Path, shared_photos: Path):
    recogniser = Recogniser(backbone_file)
    labelled = [
        (photo, wanted)
        for photo in read_source(shared_photos / "val.tar")
        if (wanted := imagenet_class(photo)) is not None
    ][:30]
    judged = [recogniser.judge(photo.decode(), wanted) for photo, wanted in labelled]
    assert len(judged) == 30
    assert np.mean([verdict["top1"] for verdict in judged]) > 0.7
    assert np.mean([verdict["probability"] for verdict in judged]) > 0.5
