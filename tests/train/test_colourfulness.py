import math

import pytest
import torch

from photochrom_train.colourfulness import GAINS, brought_to, colourfulness, lab_colourfulness
from photochrom_train.distributed import World
from photochrom_train.lab_torch import lab_to_rgb

ALONE = World(0, 1, torch.device("cpu"))
LIGHT = torch.full((3, 1, 16, 16), 60.0)


def random_chroma(seed: int, scale: float) -> torch.Tensor:
    """(3, 2, 16, 16) a* and b* that sRGB can show where the scale is small."""
    return torch.randn(3, 2, 16, 16, generator=torch.manual_seed(seed)) * scale


def shares(chroma: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Of the true colourfulness, by either measure."""
    in_rgb = [float(colourfulness(lab_to_rgb(LIGHT, planes)).sum()) for planes in (chroma, truth)]
    in_lab = [float(lab_colourfulness(planes).sum()) for planes in (chroma, truth)]
    return in_rgb[0] / in_rgb[1], in_lab[0] / in_lab[1]


def test_colourfulness_of_made_up_pictures_is_the_formulas():
    grey = torch.full((1, 3, 8, 8), 0.4)
    assert float(colourfulness(grey)) == pytest.approx(0, abs=0.01)
    red = torch.zeros(1, 3, 8, 8)
    red[:, 0] = 1
    assert float(colourfulness(red)) == pytest.approx(0.3 * math.hypot(255, 127.5), rel=1e-3)
    halves = torch.zeros(1, 3, 8, 8)
    halves[:, 0, :, :4] = 1
    halves[:, 1, :, 4:] = 1
    assert float(colourfulness(halves)) == pytest.approx(255 + 0.3 * 127.5, rel=1e-3)


@pytest.mark.parametrize("hue", [0.0, 1.0, 4.4])
def test_colourfulness_in_lab_is_the_formulas_whatever_the_hue(hue: float):
    one = torch.tensor([math.cos(hue), math.sin(hue)]).reshape(1, 2, 1, 1).expand(1, 2, 8, 8) * 30
    assert float(lab_colourfulness(one)) == pytest.approx(0.37 * 30, rel=1e-3)
    halves = torch.cat([one, -one], 3)
    assert float(lab_colourfulness(halves)) == pytest.approx(30, rel=1e-3)


@pytest.mark.parametrize("scale", [4.0, 10.0])
def test_chroma_is_brought_to_its_share_of_the_true_colourfulness_by_one_factor(scale: float):
    truth, given = random_chroma(1, 7), random_chroma(2, scale)
    bold = brought_to(0.9, LIGHT, given, truth, ALONE)
    assert math.prod(shares(bold, truth)) == pytest.approx(0.9**2, rel=0.03)
    factors = bold / given
    assert float(factors.max()) == pytest.approx(float(factors.min()), rel=1e-4)


@pytest.mark.parametrize(("hue", "cheap"), [((-20.0, -20.0), "rgb"), ((0.0, 30.0), "lab")])
def test_a_hue_that_one_measure_overrates_is_held_back_by_the_other(hue: tuple[float, float], cheap: str):
    truth = random_chroma(1, 15)
    given = torch.tensor(hue).reshape(1, 2, 1, 1) * torch.rand(3, 1, 16, 16, generator=torch.manual_seed(3))
    in_rgb, in_lab = shares(brought_to(0.9, LIGHT, given, truth, ALONE), truth)
    low, high = (in_lab, in_rgb) if cheap == "rgb" else (in_rgb, in_lab)
    assert low < 0.88
    assert high > 0.92


@pytest.mark.parametrize(("scale", "factor"), [(0.1, GAINS[1]), (100.0, GAINS[0]), (0.0, GAINS[1])])
def test_the_factor_stays_within_its_bounds(scale: float, factor: float):
    given = random_chroma(2, scale)
    torch.testing.assert_close(brought_to(0.9, LIGHT, given, random_chroma(1, 7), ALONE), given * factor)


def test_paleness_changes_nothing_of_what_a_loss_sees_and_nothing_of_its_gradient():
    truth, given = random_chroma(1, 7), random_chroma(2, 6).requires_grad_()
    bold, paler = (brought_to(0.9, LIGHT, given * share, truth, ALONE) for share in (1.0, 0.8))
    torch.testing.assert_close(bold, paler, rtol=0.01, atol=0.01)
    (gradient,) = torch.autograd.grad((bold - truth).square().mean(), given)
    along = torch.cosine_similarity(gradient.flatten(), given.detach().flatten(), 0)
    assert abs(float(along)) < 0.05
