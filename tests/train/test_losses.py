import math

import numpy as np
import pytest
import torch

from photochrom_train import losses
from photochrom_train.backbone import MobileNetV2
from photochrom_train.config import PaletteConfig
from photochrom_train.palette import Palette, SoftEncoder


@pytest.fixture
def encoder() -> SoftEncoder:
    """Three colours far apart, so that each pixel belongs to one of them alone."""
    colours = np.array([(0, 0), (100, 0), (0, 100)], np.float32)
    return SoftEncoder(
        Palette(colours, np.array([0.5, 0.25, 0.25], np.float32)), PaletteConfig(rebalance=1), torch.device("cpu")
    )


def test_classification_of_even_scores_costs_the_logarithm_of_the_colours(encoder: SoftEncoder):
    loss = losses.classification_loss(torch.zeros(2, 3, 4, 4), torch.zeros(2, 2, 4, 4), encoder)
    assert float(loss) == pytest.approx(math.log(3), rel=1e-5)


def test_classification_of_the_right_colour_costs_nothing_and_of_a_wrong_one_much(encoder: SoftEncoder):
    scores = torch.zeros(1, 3, 1, 1)
    scores[0, 1] = 30
    red, yellow = (torch.tensor(colour).reshape(1, 2, 1, 1) for colour in ((100.0, 0.0), (0.0, 100.0)))
    assert float(losses.classification_loss(scores, red, encoder)) == pytest.approx(0, abs=1e-4)
    assert float(losses.classification_loss(scores, yellow, encoder)) == pytest.approx(30, rel=1e-3)


def test_classification_weights_pixels_by_their_colours_rarity():
    palette = Palette(np.array([(0, 0), (100, 0)], np.float32), np.array([0.8, 0.2], np.float32))
    encoder = SoftEncoder(palette, PaletteConfig(rebalance=0), torch.device("cpu"))
    even = torch.zeros(1, 2, 1, 1)
    common = losses.classification_loss(even, torch.zeros(1, 2, 1, 1), encoder)
    rare = losses.classification_loss(even, torch.tensor([100.0, 0.0]).reshape(1, 2, 1, 1), encoder)
    assert float(rare / common) == pytest.approx(4, rel=1e-4)


def test_chroma_loss_is_square_below_the_knee_and_straight_above():
    truth = torch.zeros(1, 2, 1, 1)
    assert float(losses.chroma_loss(truth + 2, truth)) == pytest.approx(2**2 / 20)
    assert float(losses.chroma_loss(truth + 50, truth)) == pytest.approx(45)


def patches(*places: int) -> torch.Tensor:
    """One colour, (30, 40) off in two columns that begin at each place: a step of 50 to the left and to the right."""
    chroma = torch.zeros(1, 2, 32, 32)
    for place in places:
        chroma[:, 0, :, place : place + 2] = 30
        chroma[:, 1, :, place : place + 2] = 40
    return chroma


def test_a_patch_that_is_not_there_costs_coherence_and_one_that_is_costs_nothing():
    assert float(losses.coherence_loss(patches(), patches())) == pytest.approx(0, abs=1e-6)
    assert float(losses.coherence_loss(patches(10), patches(10))) == pytest.approx(0, abs=1e-6)
    assert float(losses.coherence_loss(patches(), patches(10))) == pytest.approx(0, abs=1e-6)
    # 50 in 2, 4, 4, 4, 2 of 31, 30, 28, 24, 16 pairs of columns that lie 1, 2, 4, 8, 16 apart; none down the columns.
    share = (2 / 31 + 4 / 30 + 4 / 28 + 4 / 24 + 2 / 16) / 10
    assert float(losses.coherence_loss(patches(10), patches())) == pytest.approx(50 * share, rel=1e-3)


def test_neighbours_count_for_coherence_up_to_32_pixels_apart():
    half = torch.zeros(1, 2, 64, 64)
    half[:, :, :, 32:] = 30
    apart = sum(reach / (64 - reach) for reach in (1, 2, 4, 8, 16, 32)) / 12
    assert float(losses.coherence_loss(half, half * 0)) == pytest.approx(30 * 2**0.5 * apart, rel=1e-3)


def test_too_strong_a_step_between_two_things_costs_next_to_no_coherence():
    bolder = float(losses.coherence_loss(patches(10) * 2, patches(10)))
    assert bolder < 0.01 * float(losses.coherence_loss(patches(10), patches()))


def test_one_wrong_colour_everywhere_costs_no_coherence():
    assert float(losses.coherence_loss(patches(10) + 25, patches(10))) == pytest.approx(0, abs=1e-5)


def test_false_colour_is_the_square_of_the_chroma_that_is_too_much_where_there_is_none():
    assert float(losses.false_colour_loss(patches(10), patches())) == pytest.approx(2 / 32 * 50**2 / 40, rel=1e-3)
    assert float(losses.false_colour_loss(patches(), patches(10))) == pytest.approx(0, abs=1e-6)
    assert float(losses.false_colour_loss(patches(10), patches(10))) == pytest.approx(0, abs=1e-6)


def test_too_strong_a_colour_where_there_is_one_is_next_to_no_false_colour():
    bolder = float(losses.false_colour_loss(patches(10) * 2, patches(10)))
    assert bolder < 0.01 * float(losses.false_colour_loss(patches(10), patches()))


def test_false_red_is_the_square_of_the_a_that_is_too_much_by_more_than_a_tint():
    red, blue, green, brown = (
        torch.tensor([a, b]).reshape(1, 2, 1, 1) for a, b in ((50.0, 0), (0, -50), (-50.0, 0), (9, 30))
    )
    for true in (blue, green, torch.zeros(1, 2, 1, 1)):
        assert float(losses.false_red_loss(red, true)) == pytest.approx(40**2 / 40)
    assert float(losses.false_red_loss(red, red)) == float(losses.false_red_loss(brown, blue)) == 0
    assert float(losses.false_red_loss(green, red)) == float(losses.false_red_loss(blue, red)) == 0
    assert float(losses.false_red_loss(red * 1.3, red)) == pytest.approx(5**2 / 40)


def test_coherence_has_a_gradient_where_colours_are_alike():
    even = torch.zeros(1, 2, 32, 32, requires_grad=True)
    losses.coherence_loss(even, patches()).backward()
    assert even.grad is not None
    assert torch.isfinite(even.grad).all()


def test_colourfulness_loss_is_the_mean_distance_of_the_pictures():
    red = torch.zeros(2, 3, 8, 8)
    red[:, 0] = 1
    mixed = torch.stack([torch.full((3, 8, 8), 0.4), red[0]])
    expected = 0.3 * math.hypot(255, 127.5) / 100 / 2
    assert float(losses.colourfulness_loss(mixed, red)) == pytest.approx(expected, rel=1e-2)


def test_colourfulness_has_a_gradient_even_for_grey():
    grey = torch.full((1, 3, 8, 8), 0.4, requires_grad=True)
    losses.colourfulness_loss(grey, torch.rand(1, 3, 8, 8, generator=torch.manual_seed(1))).backward()
    assert grey.grad is not None
    assert torch.isfinite(grey.grad).all()


@pytest.fixture(scope="module")
def classifier() -> MobileNetV2:
    torch.manual_seed(1)
    network = MobileNetV2(3, 10).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def random_rgb(seed: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.manual_seed(seed))


def test_perceptual_loss_is_zero_for_the_same_picture_and_grows_with_the_change(classifier: MobileNetV2):
    rgb = random_rgb(1)
    wanted, slightly_off, far_off = (classifier.features_at(rgb * share) for share in (1, 0.95, 0.5))
    assert float(losses.perceptual_loss(wanted, wanted)) == 0
    little = float(losses.perceptual_loss(slightly_off, wanted))
    much = float(losses.perceptual_loss(far_off, wanted))
    assert 0 < little < much


def test_recognition_loss_is_the_divergence_of_the_class_probabilities(classifier: MobileNetV2):
    scores, other = (classifier(random_rgb(seed) * 2 - 1) for seed in (2, 3))
    assert float(losses.recognition_loss(scores, scores)) == pytest.approx(0, abs=1e-6)
    wanted, given = (torch.softmax(both, 1) for both in (scores, other))
    divergence = (wanted * (wanted / given).log()).sum(1).mean()
    assert float(losses.recognition_loss(other, scores)) == pytest.approx(float(divergence), rel=1e-2, abs=0)


def test_perceptual_loss_reaches_the_picture_but_not_the_classifier(classifier: MobileNetV2):
    rgb = random_rgb(2).requires_grad_()
    losses.perceptual_loss(classifier.features_at(rgb), classifier.features_at(random_rgb(3))).backward()
    assert rgb.grad is not None
    assert float(rgb.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in classifier.parameters())


@pytest.mark.parametrize(
    "term",
    ["perceptual", "colourfulness", "chroma", "coherence", "false_colour", "false_red", "generator", "discriminator"],
)
def test_a_loss_is_the_mean_of_the_losses_of_equal_shares(classifier: MobileNetV2, term: str):
    given, wanted = random_rgb(4, 4), random_rgb(5, 4)
    wanted[2:] *= 0.2
    compute = {
        "perceptual": lambda *both: losses.perceptual_loss(*(classifier.features_at(rgb) for rgb in both)),
        "colourfulness": losses.colourfulness_loss,
        "chroma": lambda one, other: losses.chroma_loss(one * 40, other * 40),
        "coherence": lambda one, other: losses.coherence_loss(one[:, :2] * 40, other[:, :2] * 40),
        "false_colour": lambda one, other: losses.false_colour_loss(one[:, :2] * 40, other[:, :2] * 4),
        "false_red": lambda one, other: losses.false_red_loss(one[:, :2] * 40, other[:, :2] * 4),
        "generator": lambda one, _: losses.generator_loss(one),
        "discriminator": losses.discriminator_loss,
    }[term]
    shares = [compute(given[start : start + 2], wanted[start : start + 2]) for start in (0, 2)]
    assert float(compute(given, wanted)) == pytest.approx(float(sum(shares)) / 2, rel=1e-5)


def test_adversarial_losses_are_zero_where_each_side_has_what_it_wants():
    real, false = torch.ones(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)
    assert float(losses.discriminator_loss(real, false)) == 0
    assert float(losses.generator_loss(real)) == 0
    assert float(losses.generator_loss(false)) == 1
    assert float(losses.discriminator_loss(false, real)) == 1
