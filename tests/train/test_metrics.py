import cv2
import numpy as np
import pytest
from skimage.color import rgb2lab

from photochrom.colour.lab import from_linear, luminance, merge_lab, to_srgb
from photochrom_train.metrics import BEST_PSNR, ColourBorders, LabPicture, colourfulness, fidelity, lightness_change
from photochrom_train.photo_source import UInt8


def grey_of(bgr: UInt8) -> UInt8:
    grey = np.asarray(from_linear(luminance(bgr), np.dtype(np.uint8)), np.uint8)
    return np.dstack([grey] * 3)


def test_a_perfect_result_has_the_best_value_of_every_figure(photo: UInt8):
    figures = fidelity(LabPicture.of(photo.copy()), LabPicture.of(photo))
    assert figures["psnr"] == BEST_PSNR
    assert figures["ssim"] == pytest.approx(1)
    assert figures["delta_e"] == figures["delta_e00"] == 0
    assert figures["colourfulness"] == colourfulness(photo)


def test_psnr_never_exceeds_that_of_rounding(photo: UInt8):
    almost = photo.copy()
    almost[0, 0, 0] ^= 1
    assert pytest.approx(58.92, abs=0.01) == BEST_PSNR
    assert fidelity(LabPicture.of(almost), LabPicture.of(photo))["psnr"] == BEST_PSNR


def test_psnr_and_distances_of_known_changes():
    truth = np.full((32, 32, 3), 100, np.uint8)
    brighter = fidelity(LabPicture.of(truth + np.uint8(5)), LabPicture.of(truth))
    assert brighter["psnr"] == pytest.approx(10 * np.log10(255**2 / 25))
    step = rgb2lab(np.full((1, 1, 3), 105 / 255))[0, 0, 0] - rgb2lab(np.full((1, 1, 3), 100 / 255))[0, 0, 0]
    assert brighter["delta_e"] == pytest.approx(step, rel=1e-3)
    assert 0 < brighter["delta_e00"] < brighter["delta_e"] * 1.1


def test_grey_loses_exactly_the_colour(photo: UInt8):
    truth, grey = LabPicture.of(photo), LabPicture.of(grey_of(photo))
    figures = fidelity(grey, truth)
    assert figures["colourfulness"] == pytest.approx(0, abs=0.01)
    assert figures["delta_e"] == pytest.approx(np.hypot(*truth.chroma).mean(), rel=0.01)
    assert figures["psnr"] < BEST_PSNR / 2
    assert figures["ssim"] < 1


def test_less_wrong_colour_is_better_in_every_figure(photo: UInt8):
    truth = LabPicture.of(photo)
    y = luminance(photo)
    halves = []
    for share in (0.75, 0.25):
        bgr = np.asarray(to_srgb(y, merge_lab(y, truth.chroma * np.float32(share)), np.dtype(np.uint8)), np.uint8)
        halves.append(fidelity(LabPicture.of(bgr), truth))
    near, far = halves
    assert near["psnr"] > far["psnr"]
    assert near["delta_e"] < far["delta_e"]
    assert near["delta_e00"] < far["delta_e00"]
    assert near["colourfulness"] > far["colourfulness"]


def test_lightness_change_finds_the_one_pixel_that_changed(photo: UInt8):
    truth = LabPicture.of(photo)
    assert lightness_change(truth, truth.lightness) == {"lightness_change": 0, "lightness_share": 0}
    darker = truth.lightness.copy()
    darker[3, 4] -= 2
    figures = lightness_change(truth, darker)
    assert figures["lightness_change"] == pytest.approx(2 * 2.55, rel=1e-4)
    assert figures["lightness_share"] == pytest.approx(1 / darker.size)


@pytest.fixture(scope="module")
def two_sides() -> UInt8:
    """Dark blue beside light orange, as sharp as can be."""
    bgr = np.empty((128, 128, 3), np.uint8)
    bgr[:, :64] = (160, 60, 30)
    bgr[:, 64:] = (60, 170, 240)
    return bgr


def blurred_chroma(bgr: UInt8, sigma: float) -> LabPicture:
    picture = LabPicture.of(bgr)
    chroma = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in picture.chroma])
    return LabPicture(bgr, picture.lightness, chroma)


def step_share(borders: ColourBorders, picture: LabPicture) -> float:
    steps = borders.steps(picture)
    return steps["step_near"] / steps["step_far"]


def test_borders_lie_where_lightness_and_colour_change(two_sides: UInt8):
    rows, columns = np.nonzero(ColourBorders(LabPicture.of(two_sides)).mask)
    assert len(rows) >= 2 * 128
    assert 62 <= columns.min() <= columns.max() <= 65


def test_a_change_of_lightness_or_colour_alone_is_no_border(two_sides: UInt8):
    assert not ColourBorders(LabPicture.of(grey_of(two_sides))).mask.any()
    chroma = LabPicture.of(two_sides).chroma
    even = LabPicture(two_sides, np.full((128, 128), 50, np.float32), chroma)
    assert not ColourBorders(even).mask.any()


def test_colour_that_runs_over_a_border_is_measured_by_how_far_it_runs(two_sides: UInt8):
    borders = ColourBorders(LabPicture.of(two_sides))
    shares = [step_share(borders, blurred_chroma(two_sides, sigma)) for sigma in (0.01, 1, 2, 4)]
    assert shares[0] == pytest.approx(0.75, abs=0.01)  # the points 0.75 pixels away lie between two pixels
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.55 * shares[0]
    errors = [borders.steps(blurred_chroma(two_sides, sigma))["border_error"] for sigma in (0.01, 1, 2, 4)]
    assert errors[0] == pytest.approx(0, abs=1e-3)
    assert errors == sorted(errors)


def test_wrong_colours_with_sharp_borders_do_not_count_as_bleeding(two_sides: UInt8):
    truth = LabPicture.of(two_sides)
    borders = ColourBorders(truth)
    wrong = LabPicture(two_sides, truth.lightness, truth.chroma[::-1] * np.float32(-0.4) + np.float32(7))
    assert step_share(borders, wrong) == pytest.approx(step_share(borders, truth), abs=1e-3)
    assert borders.steps(wrong)["border_error"] > 10


def test_bleeding_scales_with_the_photograph(two_sides: UInt8):
    large = np.asarray(cv2.resize(two_sides, (512, 512), interpolation=cv2.INTER_NEAREST), np.uint8)
    small = step_share(ColourBorders(LabPicture.of(two_sides)), blurred_chroma(two_sides, 2))
    assert step_share(ColourBorders(LabPicture.of(large)), blurred_chroma(large, 8)) == pytest.approx(small, abs=0.1)


def test_a_photograph_without_borders_has_no_steps():
    flat = LabPicture.of(np.full((32, 32, 3), 90, np.uint8))
    assert all(np.isnan(value) for value in ColourBorders(flat).steps(flat).values())
