import dataclasses
import typing

import numpy as np
import pytest
import torch

from photochrom_train.colorize_network import (
    OUTPUT_STRIDE,
    ColorizeNetwork,
    ColorizeNetworkConfig,
    ExportedColorizer,
    Part,
)
from photochrom_train.config import ConfigError, TrainConfig
from photochrom_train.networks import build_network
from photochrom_train.palette import Palette

COLOURS = np.array([(0, 0), (40, 0), (0, 40), (-40, -40)], np.float32)


@pytest.fixture(scope="module")
def palette() -> Palette:
    return Palette(COLOURS, np.full(4, 0.25, np.float32))


@pytest.fixture(scope="module")
def network(config: TrainConfig, palette: Palette) -> ColorizeNetwork:
    return build_network(config, palette).eval()


def lightness(height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.rand(2, 1, height, width, generator=torch.manual_seed(1)) * 100


@pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 96)])
@torch.no_grad()
def test_outputs_have_half_the_inputs_size(network: ColorizeNetwork, height: int, width: int):
    scores, chroma, confidence, seen = network(lightness(height, width))
    half = (height // OUTPUT_STRIDE, width // OUTPUT_STRIDE)
    assert scores.shape == (2, 4, *half)
    assert chroma.shape == (2, 2, *half)
    assert confidence.shape == (2, 1, *half)
    assert seen[-1].shape == (2, 1280, height // 32, width // 32)
    assert 0 <= float(confidence.min()) <= float(confidence.max()) <= 1


@torch.no_grad()
def test_sparse_prediction_is_every_second_pixel_of_the_whole(network: ColorizeNetwork):
    whole = network(lightness())
    sparse = network(lightness(), every=2, offset=(1, 0))
    for part, full in zip(sparse[:3], whole[:3], strict=True):
        torch.testing.assert_close(part, full[:, :, 1::2, ::2], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_sparse_scores_come_with_the_whole_chroma_where_asked_for(network: ColorizeNetwork):
    whole = network(lightness())
    both = network(lightness(), every=2, offset=(1, 0), whole=True)
    torch.testing.assert_close(both.scores, whole.scores[:, :, 1::2, ::2], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(both.chroma, whole.chroma, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(both.confidence, whole.confidence, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_dropout_takes_whole_channels_from_the_decoder_in_training_alone(config: TrainConfig, palette: Palette):
    network = build_network(config, palette).eval()
    before = network(lightness())
    network.dropout = 0.8
    torch.testing.assert_close(network(lightness()).scores, before.scores, atol=0, rtol=0)
    seen: list[torch.Tensor] = []
    for part in (network.deepest, network.stage16, network.stage8, network.stage4, network.stage2):
        part.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network.train()
    network.encoder.eval()
    torch.manual_seed(1)
    top = network(lightness()).seen[-1]
    torch.testing.assert_close(top, before.seen[-1], atol=0, rtol=0)
    gone = [part.abs().amax((2, 3)) == 0 for part in seen]
    assert all(float(channels.float().mean()) > 0.5 for channels in gone)
    torch.testing.assert_close(seen[0], top * ~gone[0][:, :, None, None] / 0.2)


def scores_for(number: int) -> torch.Tensor:
    scores = torch.zeros(1, 4, 1, 1)
    scores[:, number] = 40
    return scores


@pytest.mark.parametrize("number", range(4))
def test_a_sure_distribution_gives_its_colour_and_more_confidence_than_an_even_one(
    network: ColorizeNetwork, number: int
):
    chroma, sure = network.read(scores_for(number))
    mean, unsure = network.read(torch.zeros(1, 4, 1, 1))
    np.testing.assert_allclose(chroma.flatten().numpy(), COLOURS[number], atol=0.01)
    np.testing.assert_allclose(mean.flatten().numpy(), COLOURS.mean(0), atol=0.01)
    assert float(sure) > float(unsure)


def test_a_lower_temperature_is_bolder_and_gain_scales_the_chroma(config: TrainConfig, palette: Palette):
    network = build_network(config, palette)
    scores = torch.tensor([0.0, 1.0, 0.0, 0.0]).reshape(1, 4, 1, 1)
    reds = []
    for temperature in (1.0, 0.5, 0.25):
        network.temperature.fill_(temperature)
        reds.append(float(network.read(scores)[0][0, 0]))
    assert reds == sorted(reds)
    assert reds[0] < reds[-1]
    network.gain.fill_(1.5)
    assert float(network.read(scores)[0][0, 0]) == pytest.approx(1.5 * reds[-1])


def test_chroma_fades_about_the_widest_distribution_and_confidence_stays(config: TrainConfig, palette: Palette):
    network = build_network(config, palette)
    even = torch.tensor([0.0, 0.0, -40.0, -40.0]).reshape(1, 4, 1, 1)  # grey or red: 20 off their mean
    mean, confidence = network.read(even)
    for widest, share in [(20, 1 / 2), (40, 64 / 65), (10, 1 / 65)]:
        network.widest = widest
        faded, same = network.read(even)
        np.testing.assert_allclose(faded.numpy(), share * mean.numpy(), rtol=1e-3, atol=1e-5)
        assert torch.equal(same, confidence)


def test_contrast_strengthens_what_is_stronger_than_around_it_in_its_hue(network: ColorizeNetwork):
    chroma = torch.zeros(1, 2, 24, 30)
    chroma[:, 0], chroma[:, 1] = 8.0, 6.0
    chroma[:, :, :, 15:] *= 3
    assert torch.equal(network.contrasted(chroma), chroma)
    network.contrast = 1.0
    result = network.contrasted(chroma)
    torch.testing.assert_close(result[:, 0] * 6, result[:, 1] * 8)
    share = (result / chroma)[0, 0]
    assert 0.5 < float(share[:, 14].max()) < 0.8
    assert 1.1 < float(share[:, 15].min()) < 1.5
    far = torch.cat([share[:, :9], share[:, 21:]], 1)  # edges of the picture included
    torch.testing.assert_close(far, torch.ones_like(far), rtol=1e-3, atol=0)
    assert float((share[:, 13:17] - share[12, 13:17]).abs().max()) < 1e-4
    network.contrast = 0.5
    torch.testing.assert_close(network.contrasted(chroma), chroma * share.sqrt())


def test_contrast_is_bounded_and_leaves_grey_grey(network: ColorizeNetwork):
    network.contrast = 1.0
    chroma = torch.zeros(1, 2, 32, 32)
    assert torch.equal(network.contrasted(chroma), chroma)
    chroma[0, :, 16, 16] = torch.tensor([60.0, 0.0])
    assert float(network.contrasted(chroma)[0, 0, 16, 16]) == pytest.approx(180, rel=1e-3)
    chroma[0, 0] = 60.0
    chroma[0, :, 16, 16] = torch.tensor([0.5, 0.0])
    assert float(network.contrasted(chroma)[0, 0, 16, 16]) == pytest.approx(0.1, rel=1e-3)


def test_a_network_is_the_same_for_the_same_seed(config: TrainConfig, palette: Palette):
    one, other = (build_network(config, palette).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    different = build_network(dataclasses.replace(config, seed=2), palette).state_dict()
    assert not torch.equal(one["head.weight"], different["head.weight"])


def test_the_exported_network_shows_chroma_and_confidence_alone(network: ColorizeNetwork):
    with torch.no_grad():
        prediction = network(lightness())
        chroma, confidence = ExportedColorizer(network)(lightness())
    torch.testing.assert_close(chroma, prediction.chroma)
    torch.testing.assert_close(confidence, prediction.confidence)


def test_the_parts_that_a_stage_can_freeze_are_the_networks(network: ColorizeNetwork):
    assert list(typing.get_args(Part)) == [name for name, _ in network.named_children()]


def test_every_weight_learns_from_chroma_and_scores(config: TrainConfig, palette: Palette):
    network = build_network(config, palette)
    prediction = network(lightness())
    (prediction.scores.square().mean() + prediction.chroma.square().mean()).backward()
    idle = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert idle == []


def test_an_unknown_network_is_refused_by_name(config: TrainConfig, palette: Palette):
    with pytest.raises(ConfigError, match="network is 'restore'; known are colorize"):
        build_network(dataclasses.replace(config, network="restore"), palette)


@pytest.mark.parametrize("changes", [{"widths": (8, 8, 0, 8)}, {"temperature": 0.0}, {"temperature": 2.0}])
def test_widths_and_temperature_out_of_range_are_refused(changes: dict[str, object]):
    with pytest.raises(ValueError, match=next(iter(changes))):
        ColorizeNetworkConfig(**changes)  # type: ignore[arg-type]
