import numpy as np
import torch

from photochrom.colour.lab import lightness, luminance, merge_lab, split_lab, to_srgb
from photochrom_train.lab_torch import lab_to_rgb

WITHIN_A_LEVEL = 0.5 / 255
"""Half an 8-bit level [sRGB-encoded]."""


def every_colour() -> np.ndarray:
    """(N, 1, 3) BGR over the whole sRGB cube, dark colours included."""
    steps = np.concatenate([np.arange(0, 16), np.arange(16, 256, 15), [255]]) / 255
    return np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 1, 3).astype(np.float32)


def as_batch(plane: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(plane))[None]


def test_it_inverts_the_cores_conversion_over_all_of_srgb():
    bgr = every_colour()
    lab_lightness, chroma = split_lab(bgr)
    rgb = lab_to_rgb(as_batch(lab_lightness[None]), as_batch(chroma))[0].numpy()
    assert np.abs(rgb[::-1].transpose(1, 2, 0) - bgr).max() < WITHIN_A_LEVEL / 10


def test_it_agrees_with_the_cores_own_way_back():
    grey = np.linspace(0, 1, 101, dtype=np.float32)[None]
    chroma = np.stack([np.full_like(grey, 3), np.full_like(grey, -4)]) * np.minimum(grey, 1 - grey) * 4
    y = luminance(grey)
    wanted = to_srgb(y, merge_lab(y, chroma), np.dtype(np.float32))[:, :, ::-1].transpose(2, 0, 1)
    given = lab_to_rgb(as_batch(lightness(y)[None]), as_batch(chroma))[0].numpy()
    assert np.abs(given - wanted).max() < WITHIN_A_LEVEL / 10


def test_white_and_black_have_no_colour_cast():
    rgb = lab_to_rgb(torch.tensor([0.0, 100.0]).reshape(1, 1, 1, 2), torch.zeros(1, 2, 1, 2))
    torch.testing.assert_close(rgb[0, :, 0], torch.tensor([[0.0, 1.0]] * 3), atol=1e-4, rtol=0)


def test_colours_outside_srgb_are_clipped_and_still_have_gradients():
    chroma = torch.tensor([120.0, -120.0]).reshape(1, 2, 1, 1).requires_grad_()
    rgb = lab_to_rgb(torch.full((1, 1, 1, 1), 50.0), chroma)
    assert float(rgb.detach().min()) == 0
    assert float(rgb.detach().max()) <= 1
    rgb.sum().backward()
    assert chroma.grad is not None
    assert torch.isfinite(chroma.grad).all()


def test_gradients_are_those_of_the_function():
    lightness_ = torch.tensor([30.0, 60.0], dtype=torch.float64).reshape(1, 1, 1, 2)
    chroma = torch.tensor([[10.0, -20.0], [15.0, 5.0]], dtype=torch.float64).reshape(1, 2, 1, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda ab: lab_to_rgb(lightness_, ab), (chroma,), atol=1e-6)
