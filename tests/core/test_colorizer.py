"""`colorize` and `Colorizer` behave as OpenCV's own functions and classes do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import assert_type

import cv2
import imagecodecs
import numpy as np
import pytest
from cv2.typing import MatLike
from numpy.typing import NDArray

import photochrom
from photochrom import (
    Colorizer,
    Device,
    DeviceError,
    Engine,
    ImageError,
    ModelError,
    PhotochromError,
    colorize,
    colorizer,
)
from photochrom.colour import photograph
from photochrom.colour.lab import Float32, Pixels, lightness, luminance, split_lab, white
from photochrom.colour.profile import colour_space
from photochrom.networks import device

SHAPES = [(40, 60), (40, 60, 1), (40, 60, 3), (40, 60, 4)]
TYPES = [np.uint8, np.uint16, np.float32]


@pytest.fixture
def painter(model: Path) -> Colorizer:
    return Colorizer(model, device="cpu")


def photograph_of(shape: tuple[int, ...], dtype: type[np.generic] = np.uint8) -> Pixels:
    shades = np.random.default_rng(sum(shape)).random(shape)
    return np.asarray(shades * white(np.dtype(dtype)), dtype)


def soft_colours() -> Float32:
    """A colour photograph without detail, (40, 60, 3) in [0.2, 0.8]."""
    shades = np.random.default_rng(9).uniform(0.2, 0.8, (4, 5, 3)).astype(np.float32)
    return np.asarray(cv2.resize(shades, (60, 40), interpolation=cv2.INTER_LINEAR), np.float32)


def of_type(shades: Float32, dtype: type[np.generic]) -> Pixels:
    scaled = shades * white(np.dtype(dtype))
    return np.asarray(scaled if dtype == np.float32 else np.rint(scaled), dtype)


def chroma_of(bgr: Pixels) -> Float32:
    return split_lab(np.asarray(bgr / white(bgr.dtype), np.float32))[1]


def umat(array: NDArray[np.generic]) -> cv2.UMat:
    # OpenCV's stubs do not know that a UMat is made from an array.
    return cv2.UMat(array)  # type: ignore[call-overload, no-any-return]


def lightness_of(pixels: Pixels) -> NDArray[np.float32]:
    return lightness(luminance(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_kind_of_photograph_comes_back_in_colour_with_its_own_type_lightness_and_alpha(painter, shape, dtype):
    src = photograph_of(shape, dtype)
    before = src.copy()

    dst = painter.colorize(src)

    alpha = shape[2:] == (4,)
    assert dst.dtype == dtype
    assert dst.shape == (40, 60, 4 if alpha else 3)
    np.testing.assert_array_equal(src, before)
    worst = 100 / 255 if dtype == np.uint8 else 100 / 65535
    np.testing.assert_allclose(lightness_of(dst), lightness_of(src), atol=worst)
    assert np.ptp(dst[:, :, :3] / white(dst.dtype), axis=2).mean() > 0.05
    if alpha:
        np.testing.assert_array_equal(dst[:, :, 3], src[:, :, 3])


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (1, 3000), (3000, 1), (2, 70_000), (63, 65), (64, 64), (31, 400), (1, 1, 4)]
)
@pytest.mark.parametrize("dtype", TYPES)
def test_any_size_comes_back_in_its_own_size(painter, shape, dtype):
    src = photograph_of(shape, dtype)

    result = painter.predict(src)

    assert result.image.shape[:2] == result.confidence.shape == shape[:2]
    np.testing.assert_allclose(lightness_of(result.image), lightness_of(src), atol=100 / 255)


@pytest.mark.parametrize(
    "view",
    [
        lambda bgr: bgr[::-1],
        lambda bgr: bgr[:, ::-1],
        lambda bgr: bgr[:, :, ::-1],
        lambda bgr: bgr[3:30, 5:50],
        lambda bgr: bgr[::2, ::3],
        lambda bgr: bgr.transpose(1, 0, 2),
        lambda bgr: bgr[:, :, 1],
        lambda bgr: bgr[:, :, 1:2],
        np.asfortranarray,
        lambda bgr: np.broadcast_to(bgr[:1], (40, 60, 3)),
        np.ma.masked_array,
    ],
)
def test_views_are_colorized_like_copies_of_them(painter, view):
    src = view(photograph_of((40, 60, 3)))

    np.testing.assert_array_equal(painter.colorize(src), painter.colorize(np.array(src)))


def test_a_read_only_photograph_is_as_good_as_any(painter):
    src = photograph_of((40, 60))
    src.flags.writeable = False

    assert painter.colorize(src).flags.writeable


@pytest.mark.parametrize("dtype", TYPES)
def test_a_destination_that_fits_is_written_and_returned(painter, dtype):
    src = photograph_of((40, 60), dtype)
    dst = np.zeros((40, 60, 3), dtype)

    assert painter.colorize(src, dst) is dst
    np.testing.assert_array_equal(dst, painter.colorize(src))


def test_a_destination_may_be_a_view(painter):
    src = photograph_of((40, 60))
    canvas = np.zeros((100, 100, 3), np.uint8)
    dst = canvas[10:50, 90:30:-1]

    assert painter.colorize(src, dst) is dst
    np.testing.assert_array_equal(canvas[10:50, 90:30:-1], painter.colorize(src))
    assert not canvas[:10].any()
    assert not canvas[50:].any()


@pytest.mark.parametrize(("shape", "dtype"), [((40, 60), np.uint8), ((40, 61, 3), np.uint8), ((40, 60, 3), np.uint16)])
def test_a_destination_that_does_not_fit_is_left_alone(painter, shape, dtype):
    src = photograph_of((40, 60))
    dst = np.zeros(shape, dtype)

    result = painter.colorize(src, dst)

    assert result is not dst
    assert not dst.any()
    np.testing.assert_array_equal(result, painter.colorize(src))


@pytest.mark.parametrize("shape", [(200, 300, 3), (200, 300, 4)])
def test_a_photograph_can_be_colorized_in_place(painter, shape, monkeypatch):
    monkeypatch.setattr(photograph, "_STRIP_PIXELS", 3000)
    src = photograph_of(shape)
    expected = painter.colorize(src.copy())

    assert painter.colorize(src, src) is src
    np.testing.assert_array_equal(src, expected)


def test_a_destination_that_overlaps_the_photograph_still_gets_the_right_pixels(painter, monkeypatch):
    monkeypatch.setattr(photograph, "_STRIP_PIXELS", 3000)
    canvas = photograph_of((230, 300, 3))
    src, dst = canvas[:200], canvas[30:]
    expected = painter.colorize(src.copy())

    assert painter.colorize(src, dst) is dst
    np.testing.assert_array_equal(dst, expected)


def test_one_channel_of_the_destination_can_be_the_photograph(painter):
    canvas = photograph_of((40, 60, 3))
    expected = painter.colorize(canvas[:, :, 0].copy())

    painter.colorize(canvas[:, :, 0], canvas)

    np.testing.assert_array_equal(canvas, expected)


def test_a_read_only_destination_is_refused(painter):
    dst = np.zeros((40, 60, 3), np.uint8)
    dst.flags.writeable = False

    with pytest.raises(ImageError, match="read-only"):
        painter.colorize(photograph_of((40, 60)), dst)


@pytest.mark.parametrize("dst", [[], "out.jpg", 3, umat(np.zeros((40, 60, 3), np.uint8))])
def test_a_destination_that_is_no_array_is_refused(painter, dst):
    with pytest.raises(ImageError, match="dst"):
        painter.colorize(photograph_of((40, 60)), dst)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3), (40, 60, 4)])
@pytest.mark.parametrize("dtype", TYPES)
def test_a_umat_gives_a_umat(painter, shape, dtype):
    src = photograph_of(shape, dtype)

    result = painter.colorize(umat(src))

    assert isinstance(result, cv2.UMat)
    np.testing.assert_array_equal(result.get(), painter.colorize(src))


def test_a_umat_destination_that_fits_is_written(painter):
    src = photograph_of((40, 60))
    dst = umat(np.zeros((40, 60, 3), np.uint8))

    painter.colorize(umat(src), dst)

    np.testing.assert_array_equal(dst.get(), painter.colorize(src))


def test_a_umat_destination_that_does_not_fit_is_left_alone(painter):
    src = photograph_of((40, 60))
    dst = umat(np.zeros((40, 60, 3), np.uint16))

    result = painter.colorize(umat(src), dst)

    assert not dst.get().any()
    np.testing.assert_array_equal(result.get(), painter.colorize(src))


@pytest.mark.parametrize("src", [cv2.UMat(), umat(np.zeros((4, 4), np.float64))])
def test_a_umat_that_is_no_photograph_is_refused(painter, src):
    with pytest.raises(ImageError, match="src"):
        painter.colorize(src)


def test_an_array_is_no_destination_for_a_umat(painter):
    with pytest.raises(ImageError, match="UMat"):
        painter.colorize(umat(photograph_of((40, 60))), np.zeros((40, 60, 3), np.uint8))


@pytest.mark.parametrize(
    "src",
    [
        None,
        "photo.jpg",
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 5, 2), np.uint8),
        np.zeros((5, 5)),
        np.full((5, 5), np.nan, np.float32),
        np.full((5, 5), 2, np.float32),
    ],
)
@pytest.mark.parametrize("method", ["colorize", "predict"])
def test_what_is_no_photograph_is_refused(painter, src, method):
    with pytest.raises(ImageError, match="src"):
        getattr(painter, method)(src)


@pytest.mark.parametrize("method", ["colorize", "predict"])
@pytest.mark.parametrize(
    "adjustment", [{"saturation": 10.1}, {"strength": 1.1}, {"fade_uncertain": -0.1}, {"strength": np.nan}]
)
def test_an_adjustment_out_of_range_is_refused(painter, method, adjustment):
    with pytest.raises(ImageError, match=next(iter(adjustment))):
        getattr(painter, method)(photograph_of((4, 4)), **adjustment)


@pytest.mark.parametrize("method", ["colorize", "predict"])
def test_a_profile_that_is_none_is_refused(painter, method):
    with pytest.raises(ImageError, match="profile"):
        getattr(painter, method)(photograph_of((4, 4)), profile=b"sRGB, I guess")


def test_saturation_goes_from_the_grey_photograph_to_stronger_colours(painter):
    src = photograph_of((40, 60))

    spread = [np.ptp(painter.colorize(src, saturation=factor), axis=2).mean() for factor in (0, 0.5, 1, np.float32(2))]

    np.testing.assert_array_equal(painter.colorize(src, saturation=0), np.repeat(src[:, :, None], 3, axis=2))
    assert sorted(spread) == spread
    assert spread[-1] > 1.5 * spread[1] > 0


def test_strength_goes_straight_from_the_grey_photograph_to_the_new_colours(painter):
    src = of_type(soft_colours()[:, :, 0], np.float32)

    half, full = (chroma_of(painter.colorize(src, strength=strength)) for strength in (0.5, 1))

    grey = np.repeat(src[:, :, None], 3, axis=2)
    np.testing.assert_allclose(painter.colorize(src, strength=0), grey, atol=1e-6)
    np.testing.assert_allclose(half, full / 2, atol=0.05)
    assert np.hypot(*full).mean() > 4


@pytest.mark.parametrize("dtype", TYPES)
def test_strength_goes_straight_from_the_photographs_own_colours_to_the_new_ones(painter, dtype):
    src = of_type(soft_colours(), dtype)

    kept, half, full = (np.asarray(painter.colorize(src, strength=strength), dtype) for strength in (0, 0.5, 1))

    np.testing.assert_allclose(kept, src, atol=1e-6 if dtype == np.float32 else 1)
    off = 1.5 if dtype == np.uint8 else 0.1
    np.testing.assert_allclose(chroma_of(half), (chroma_of(src) + chroma_of(full)) / 2, atol=off)
    assert np.abs(chroma_of(src) - chroma_of(full)).mean() > 5
    np.testing.assert_allclose(lightness_of(half), lightness_of(src), atol=100 / 255)


def test_saturation_and_fading_leave_the_photographs_own_colours_alone(painter):
    src = of_type(soft_colours(), np.uint8)

    kept = painter.colorize(src, strength=0, saturation=3, fade_uncertain=1)

    np.testing.assert_allclose(np.asarray(kept, int), src, atol=1)


def test_fading_takes_colour_where_confidence_is_low_and_confidence_stays(make_model, network):
    select = next(tensor for tensor in network.graph.initializer if tensor.name == "select")
    select.raw_data = np.array([0.4, -0.4], np.float32).tobytes()
    painter = Colorizer(make_model(network))
    src = photograph_of((64, 64))

    plain, faded = painter.predict(src), painter.predict(src, fade_uncertain=1)

    np.testing.assert_array_equal(faded.confidence, plain.confidence)
    lost = np.hypot(*chroma_of(plain.image)) - np.hypot(*chroma_of(faded.image))
    sure, unsure = plain.confidence > 0.9, plain.confidence < 0.1
    assert sure.sum() > 20
    assert unsure.sum() > 20
    # Not quite nothing: a pixel has a share of the colour of the cells beside it.
    assert 4 * np.abs(lost[sure]).mean() < lost[unsure].mean()


def test_a_profile_says_what_the_pixels_are(painter):
    adobe_rgb = imagecodecs.cms_profile("adobergb")
    src = of_type(soft_colours(), np.uint8)
    dst = np.zeros_like(src)

    coloured = painter.colorize(src, dst, profile=adobe_rgb)

    assert coloured is dst
    np.testing.assert_array_equal(painter.predict(src, profile=adobe_rgb).image, coloured)
    np.testing.assert_array_equal(painter.colorize(umat(src), profile=adobe_rgb).get(), coloured)
    assert np.abs(painter.colorize(src).astype(int) - coloured).max() > 5
    space = colour_space(adobe_rgb, src)
    np.testing.assert_allclose(lightness(space.luminance(coloured)), lightness(space.luminance(src)), atol=100 / 255)


def test_a_colour_photograph_is_taken_by_its_lightness(painter):
    grey = photograph_of((40, 60))

    from_colour = painter.colorize(painter.colorize(grey))

    np.testing.assert_allclose(from_colour.astype(int), painter.colorize(grey), atol=4)


def test_a_prediction_has_picture_confidence_device_and_engine(painter):
    src = photograph_of((40, 60))

    result = painter.predict(src)

    np.testing.assert_array_equal(result.image, painter.colorize(src))
    assert result.confidence.dtype == np.float32
    assert 0 <= result.confidence.min() < result.confidence.max() <= 1
    assert (result.device, result.engine) == ("cpu", "opencv")


def test_a_umat_is_predicted_as_arrays(painter):
    src = photograph_of((40, 60))

    result = painter.predict(umat(src))

    np.testing.assert_array_equal(result.image, painter.predict(src).image)


def test_both_engines_give_the_same_colours(model):
    src = photograph_of((40, 60))

    reference = Colorizer(model, engine="onnxruntime")

    assert reference.engine == "onnxruntime"
    np.testing.assert_allclose(reference.colorize(src).astype(int), Colorizer(model).colorize(src), atol=1)


def test_one_colorizer_in_several_threads_gives_the_colours_it_gives_in_one(painter):
    photographs = [photograph_of((40 + index, 60)) for index in range(24)]
    alone = [painter.colorize(src) for src in photographs]

    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(painter.colorize, photographs))

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_type_of_the_result_follows_the_type_of_the_photograph(model: Path):
    painter, src = Colorizer(model), photograph_of((4, 4))

    # mypy checks these two, and the next two check that it is right.
    from_array = assert_type(painter.colorize(src), MatLike)
    from_umat = assert_type(painter.colorize(umat(src)), cv2.UMat)

    assert isinstance(from_array, np.ndarray)
    assert isinstance(from_umat, cv2.UMat)


def test_no_thread_is_left_behind(painter):
    before = threading.active_count()

    painter.colorize(photograph_of((700, 700)))

    assert threading.active_count() == before


def test_the_function_gives_what_the_class_gives(model, painter):
    src = photograph_of((40, 60))
    dst = np.zeros((40, 60, 3), np.uint8)

    grey_gamma = imagecodecs.cms_profile("gray", whitepoint=(0.3457, 0.3585), gamma=1.8)

    painted = colorize(
        src, dst, model=model, device="cpu", strength=0.7, saturation=0.5, fade_uncertain=0.6, profile=grey_gamma
    )

    expected = painter.colorize(src, strength=0.7, saturation=0.5, fade_uncertain=0.6, profile=grey_gamma)
    assert painted is dst
    np.testing.assert_array_equal(dst, expected)
    np.testing.assert_array_equal(colorize(umat(src), model=str(model)).get(), painter.colorize(src))


def test_the_function_loads_a_network_once(model, monkeypatch):
    colorizer._colorizer.cache_clear()
    loaded = []

    class Counted(Colorizer):
        def __init__(self, model: str | Path, *, device: Device, engine: Engine) -> None:
            loaded.append(model)
            super().__init__(model, device=device, engine=engine)

    monkeypatch.setattr(colorizer, "Colorizer", Counted)

    for _ in range(3):
        colorize(photograph_of((4, 4)), model=model)

    assert len(loaded) == 1


@pytest.mark.parametrize("choice", [{"device": "gpu"}, {"engine": "torch"}])
def test_the_function_refuses_devices_and_engines_that_do_not_exist(model, choice):
    with pytest.raises(DeviceError):
        colorize(photograph_of((4, 4)), model=model, **choice)


def test_a_misspelt_argument_is_an_error(model, painter):
    with pytest.raises(TypeError):
        painter.colorize(photograph_of((4, 4)), saturatoin=2)
    with pytest.raises(TypeError):
        colorize(photograph_of((4, 4)), model=model, devcie="cpu")  # type: ignore[call-overload]


def test_a_colorizer_is_made_in_opencvs_ways_too(model):
    assert isinstance(Colorizer.create(model), Colorizer)
    assert isinstance(photochrom.Colorizer_create(str(model), device="cpu"), Colorizer)


def test_its_size_is_the_networks_width_and_height(painter):
    assert painter.getSize() == (64, 64)
    assert painter.contract.name == "tiny"


def test_another_model_can_be_read_in_its_place(painter, make_model, network):
    src = photograph_of((40, 60))
    before = painter.colorize(src)
    bias = next(tensor for tensor in network.graph.initializer if tensor.name == "bias")
    bias.raw_data = np.array([-30, -30], np.float32).tobytes()

    painter.readModel(make_model(network, name="other"))

    assert painter.contract.name == "other"
    assert np.abs(painter.colorize(src).astype(int) - before).mean() > 5


def test_a_model_that_cannot_be_read_leaves_the_old_one_in_place(painter, tmp_path):
    with pytest.raises(ModelError):
        painter.readModel(tmp_path / "nothing.onnx")

    assert painter.contract.name == "tiny"
    painter.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
    painter.warm_up()
    assert painter.colorize(photograph_of((4, 4))).shape == (4, 4, 3)


def test_opencvs_numbers_choose_the_device(painter):
    for backend in (cv2.dnn.DNN_BACKEND_OPENCV, cv2.dnn.DNN_BACKEND_DEFAULT):
        painter.setPreferableBackend(backend)
        assert painter.device == "cpu"
    painter.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
    assert painter.device == "cpu"


@pytest.mark.parametrize(
    ("method", "number"),
    [("setPreferableBackend", cv2.dnn.DNN_BACKEND_VKCOM), ("setPreferableTarget", cv2.dnn.DNN_TARGET_OPENCL)],
)
def test_numbers_of_other_devices_are_refused(painter, method, number):
    with pytest.raises(DeviceError, match=str(number)):
        getattr(painter, method)(number)

    assert painter.device == "cpu"


@pytest.mark.skipif("cuda" in device.opencv_devices(), reason="this OpenCV has CUDA")
@pytest.mark.parametrize(
    ("method", "number"),
    [("setPreferableBackend", cv2.dnn.DNN_BACKEND_CUDA), ("setPreferableTarget", cv2.dnn.DNN_TARGET_CUDA_FP16)],
)
def test_cuda_by_number_is_refused_where_there_is_none(painter, method, number):
    with pytest.raises(DeviceError, match="CUDA"):
        getattr(painter, method)(number)

    assert painter.device == "cpu"
    painter.warm_up()


def test_errors_are_caught_as_opencvs_own(painter):
    with pytest.raises(cv2.error) as failure:
        painter.colorize(None)

    error = failure.value
    assert isinstance(error, PhotochromError)
    assert error.code == cv2.Error.StsBadArg
    assert error.err == str(error)
    assert error.err in error.msg


def test_an_error_of_opencv_does_not_show_through_ours():
    with pytest.raises(cv2.error):
        cv2.cvtColor(np.zeros((3, 3, 2), np.uint8), cv2.COLOR_BGR2GRAY)

    assert ModelError("x").code == cv2.Error.StsParseError
    assert ModelError("x").line == 0


def test_a_path_is_that_of_the_folder_at_hand_when_it_is_given(make_model, tmp_path, monkeypatch):
    folder = make_model(name="mine").parent
    monkeypatch.chdir(folder)
    photograph = np.full((20, 30), 120, np.uint8)
    expected = colorize(photograph, model="mine.onnx")
    painter = Colorizer("mine.onnx")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    np.testing.assert_array_equal(painter.colorize(photograph), expected)
    with pytest.raises(ModelError, match="no such file"):
        colorize(photograph, model="mine.onnx")
