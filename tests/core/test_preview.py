"""Previews: small, in sRGB, of what the files show."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from photochrom import ConvertOptions, Preview, Progress, convert
from photochrom.conversion.preview import encode_preview, shrink
from photochrom.files.imageio import read_image, write_image


def decoded(preview: bytes) -> np.ndarray:
    assert preview[:4] == b"RIFF"
    image = cv2.imdecode(np.frombuffer(preview, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image.astype(int)


@pytest.mark.parametrize(
    ("shape", "small"),
    [((400, 600), (20, 30)), ((600, 400, 3), (30, 20, 3)), ((10, 20), (10, 20)), ((1, 900), (1, 30))],
)
def test_the_longer_side_is_as_asked_and_nothing_is_enlarged(shape: tuple[int, ...], small: tuple[int, ...]):
    assert shrink(np.zeros(shape, np.uint16), 30).shape == small


def test_shrinking_takes_the_mean_of_areas():
    board = (np.indices((40, 40)).sum(axis=0) % 2 * 200).astype(np.uint8)
    assert np.array_equal(shrink(board, 20), np.full((20, 20), 100))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_kind_of_photograph_looks_alike(dtype: type[np.generic], channels: int):
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    colour = [0.2, 0.5, 0.8][: min(channels, 3)] + [0.5] * (channels == 4)
    pixels = np.squeeze(np.full((16, 24, channels), colour) * white).astype(dtype)
    image = decoded(encode_preview(pixels, b""))
    assert image.shape == (16, 24, max(3, channels))
    expected = np.array(colour if channels > 1 else colour * 3) * 255
    assert np.abs(image - expected).max() <= 4


def previews(folder: Path, out: Path, options: ConvertOptions) -> dict[str, Preview | None]:
    steps: list[Progress] = []
    convert(folder, out, options, steps.append)
    return {step.result.source.name: step.preview for step in steps if step.result is not None}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, channels in (("a.png", 1), ("b.png", 3), ("c.tif", 4)):
        grey = cv2.resize(rng.random((4, 5, 1), np.float32), (120, 90), interpolation=cv2.INTER_CUBIC).clip(0, 1)
        write_image(tmp_path / "in" / name, (np.dstack([grey] * channels) * 255).astype(np.uint8))
    (tmp_path / "in" / "d.png").write_bytes(b"no image")
    return tmp_path / "in"


def test_previews_show_before_and_after_of_what_did_not_fail(album: Path, tmp_path: Path, model: Path):
    options = ConvertOptions(model=model, preview_side=60)
    shown = previews(album, tmp_path / "out", options)
    assert shown.pop("d.png") is None
    assert sorted(shown) == ["a.png", "b.png", "c.tif"]
    for name, preview in shown.items():
        assert preview is not None
        for data, folder in ((preview.before, album), (preview.after, tmp_path / "out")):
            pixels = read_image(folder / name).pixels
            expected = cv2.resize(pixels, (60, 45), interpolation=cv2.INTER_AREA).astype(int)
            image = decoded(data)
            assert image.shape[:2] == (45, 60)
            if expected.ndim == 2:
                expected = np.dstack([expected] * 3)
            assert np.abs(image[:, :, :3] - expected[:, :, :3]).mean() < 6
    assert previews(album, tmp_path / "other", ConvertOptions(model=model)) == dict.fromkeys((*shown, "d.png"))


def test_previews_of_what_is_skipped_come_from_the_files(album: Path, tmp_path: Path, model: Path):
    options = ConvertOptions(model=model, preview_side=60, existing="skip")
    first = previews(album, tmp_path / "out", options)
    again = previews(album, tmp_path / "out", options)
    assert again == first
    (tmp_path / "out" / "a.png").write_bytes(b"no image any more")
    assert previews(album, tmp_path / "out", options) == first | {"a.png": None}


def test_of_what_is_skipped_no_more_previews_are_made_than_asked_for(album: Path, tmp_path: Path, model: Path):
    options = ConvertOptions(model=model, preview_side=60, existing="skip", most_reviews=2)
    first = previews(album, tmp_path / "out", options)
    again = previews(album, tmp_path / "out", options)
    made = {name for name, preview in first.items() if preview is not None}
    kept = {name for name, preview in again.items() if preview is not None}
    assert len(made) == 3
    assert len(kept) == 2
    assert kept < made


def test_previews_leave_the_copies_as_they_are(album: Path, tmp_path: Path, model: Path):
    convert(album, tmp_path / "one", ConvertOptions(model=model))
    convert(album, tmp_path / "two", ConvertOptions(model=model, preview_side=50))
    for name in ("a.png", "b.png", "c.tif"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
