"""The plug-in's client with the real worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.gimp.workers import PLUG_IN, real_worker

import photochrom
from photochrom.colour.lab import Pixels, white
from photochrom.files.depth import with_depth
from photochrom.networks.device import opencv_devices
from photochrom.worker import protocol
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import PROTOCOL, Answer, Depth, Model, Picture, Settings
from photochrom_filter.worker_client import WorkerCancelledError, WorkerClient, WorkerError

PLAIN = Settings()
DEPTHS: Mapping[type[np.uint8 | np.uint16 | np.float32], Depth] = {
    np.uint8: "u8",
    np.uint16: "u16",
    np.float32: "float",
}

SLOW = """
import time
from photochrom.colorizer import Colorizer
Colorizer.colorize = lambda *_, **__: time.sleep(60)
"""
"""Makes every picture take a minute."""

NOISE = """
import ctypes, os, sys, threading, time

def chatter():
    c = ctypes.CDLL(None)
    while True:
        c.puts(b"C prints")
        c.fflush(None)
        os.write(1, b"a library prints, without the end of a line")
        time.sleep(0.002)

print("Python prints")
threading.Thread(target=chatter, daemon=True).start()
"""
"""Prints all the time, from before the worker begins."""


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """A Python that has photochrom."""
    return real_worker(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def worker(interpreter: Interpreter) -> Iterator[WorkerClient]:
    """A worker that stays warm for all tests that leave it usable."""
    with WorkerClient(interpreter) as client:
        yield client


def picture(
    channels: int = 3, dtype: type[np.uint8 | np.uint16 | np.float32] = np.uint8, size: tuple[int, int] = (60, 40)
) -> tuple[Picture, Pixels]:
    """Soft blobs with noise, as R'G'B'(A) or Y'; (H, W, channels)."""
    rng = np.random.default_rng(channels)
    soft = cv2.resize(rng.random((4, 5, channels), np.float32), size, interpolation=cv2.INTER_LINEAR)
    noise = rng.random((size[1], size[0], channels), np.float32)
    values = soft.reshape(noise.shape) * 0.8 + noise * 0.2
    pixels: Pixels = (values * white(np.dtype(dtype))).astype(dtype)
    return Picture(width=size[0], height=size[1], channels=channels, depth=DEPTHS[dtype]), pixels


def colorize(worker: WorkerClient, shape: Picture, pixels: Pixels, settings: Settings = PLAIN) -> tuple[Pixels, Answer]:
    """What the worker makes of a picture: (H, W, 3) RGB or (H, W, 4) RGBA."""
    data, result = pixels.tobytes(), bytearray()
    chunks = (data[start : start + 1000] for start in range(0, len(data), 1000))
    answer = worker.colorize(shape, settings, chunks, into=result.extend)
    coloured = np.frombuffer(result, pixels.dtype).reshape(shape.height, shape.width, shape.coloured.channels)
    return coloured, answer


def swapped(pixels: Pixels) -> Pixels:
    """RGB to BGR and back; grey as (H, W)."""
    if pixels.shape[2] == 1:
        return pixels[:, :, 0]
    return np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3][: pixels.shape[2]]])


def test_the_two_speak_the_same_protocol():
    assert PROTOCOL == protocol.PROTOCOL


def test_a_worker_says_which_networks_it_has(worker):
    assert worker.hello.version == photochrom.__version__
    assert worker.hello.models == tuple(
        Model(name=model.name, version=model.version, task=model.task) for model in photochrom.models()
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_result_is_the_cores_own_to_the_bit(worker, channels, dtype):
    shape, pixels = picture(channels, dtype)
    coloured, answer = colorize(worker, shape, pixels)
    np.testing.assert_array_equal(swapped(coloured), photochrom.colorize(swapped(pixels)))
    assert answer.device == photochrom.Colorizer().device
    assert (answer.note, answer.confidence) == ("", b"")
    assert answer.seconds.keys() == {"send", "load", "colorize", "receive"}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_alpha_passes_untouched(worker, dtype):
    shape, pixels = picture(4, dtype)
    coloured, _answer = colorize(worker, shape, pixels)
    np.testing.assert_array_equal(coloured[:, :, 3], pixels[:, :, 3])


def test_alpha_in_floating_point_may_be_any_number(worker):
    shape, pixels = picture(4, np.float32)
    pixels[0, 0, 3], pixels[1, 0, 3], pixels[2, 0, 3] = 7, -1, np.nan
    coloured, answer = colorize(worker, shape, pixels)
    np.testing.assert_array_equal(coloured[:, :, 3], pixels[:, :, 3])
    assert answer.note == ""


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_floating_point_colours_outside_0_to_1_are_cut_off_and_the_answer_says_so(worker, channels):
    shape, pixels = picture(channels, np.float32)
    wild = pixels.copy()
    wild[3, 4, 0], wild[5, 6, 0], wild[7, 8, 0], wild[9, 9, 0] = 2, -0.5, np.nan, np.inf
    pixels[3, 4, 0], pixels[5, 6, 0], pixels[7, 8, 0], pixels[9, 9, 0] = 1, 0, 0, 1
    coloured, answer = colorize(worker, shape, wild)
    assert answer.note == "colours outside 0 to 1 were cut off"
    np.testing.assert_array_equal(coloured, colorize(worker, shape, pixels)[0])


def test_the_settings_reach_the_core(worker):
    shape, pixels = picture()
    settings = Settings(strength=0.5, saturation=1.7, fade_uncertain=0.4)
    expected = photochrom.colorize(swapped(pixels), strength=0.5, saturation=1.7, fade_uncertain=0.4)
    np.testing.assert_array_equal(swapped(colorize(worker, shape, pixels, settings)[0]), expected)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_confidence_comes_with_the_picture(worker, channels):
    shape, pixels = picture(channels)
    coloured, answer = colorize(worker, shape, pixels, Settings(confidence=True))
    expected = photochrom.Colorizer().predict(swapped(pixels))
    np.testing.assert_array_equal(swapped(coloured), expected.image)
    assert answer.confidence == with_depth(expected.confidence, 8).tobytes()


def test_the_smallest_picture_is_colorized(worker):
    shape, pixels = picture(size=(1, 1))
    assert colorize(worker, shape, pixels)[0].shape == (1, 1, 3)


def test_the_result_comes_in_whole_rows_of_at_most_4_mib(worker):
    shape, pixels = picture(4, np.uint8, size=(3000, 1000))
    sizes: list[int] = []
    worker.colorize(shape, Settings(), [pixels.tobytes()], into=lambda strip: sizes.append(len(strip)))
    assert sum(sizes) == shape.size
    assert len(sizes) == 3
    assert all(size <= 4 << 20 and size % shape.row_size == 0 for size in sizes)


def test_a_row_longer_than_4_mib_comes_in_one_piece(worker):
    shape, pixels = picture(4, np.float32, size=(300_000, 2))
    sizes: list[int] = []
    worker.colorize(shape, Settings(), [pixels.tobytes()], into=lambda strip: sizes.append(len(strip)))
    assert sizes == [shape.row_size] * 2


def test_progress_grows_from_the_first_pixel_to_the_last(worker):
    shape, pixels = picture(size=(900, 600))
    seen: list[tuple[float, str]] = []
    data = pixels.tobytes()
    worker.colorize(
        shape,
        Settings(),
        [data[:1000], data[1000:]],
        into=lambda _strip: None,
        on_progress=lambda share, step: seen.append((share, step)),
    )
    shares = [share for share, _step in seen]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.01
    assert shares[-1] == 1
    assert list(dict.fromkeys(step for _share, step in seen)) == ["send", "load", "colorize", "receive"]


def test_an_unknown_network_is_the_workers_own_answer_after_which_it_can_be_asked_again(worker):
    shape, pixels = picture()
    with pytest.raises(WorkerError, match=r"^there is no network 'nonsense'; give one of colorize, or the path"):
        colorize(worker, shape, pixels, Settings(model="nonsense"))
    assert worker.usable
    assert colorize(worker, shape, pixels)[1].device


@pytest.mark.skipif(bool(opencv_devices()[1:]), reason="there is CUDA here")
def test_cuda_where_there_is_none_is_refused_with_the_cores_own_sentence(worker):
    shape, pixels = picture()
    with pytest.raises(WorkerError, match=r"^CUDA was asked for, but OpenCV .* has no usable CUDA target"):
        colorize(worker, shape, pixels, Settings(device="cuda"))
    assert worker.usable


def test_an_impossible_strength_is_refused_with_the_cores_own_sentence(worker):
    shape, pixels = picture()
    with pytest.raises(WorkerError, match=r"^strength is 2; give a number from 0 to 1"):
        colorize(worker, shape, pixels, Settings(strength=2))
    assert worker.usable


@pytest.mark.parametrize(("size", "came"), [(7200 - 1, 7199), (0, 0)])
def test_too_few_pixels_are_an_error(interpreter, size, came):
    shape, pixels = picture()
    with WorkerClient(interpreter) as worker:
        with pytest.raises(WorkerError, match=f"^the picture came with {came} bytes instead of 7200$"):
            worker.colorize(shape, Settings(), [pixels.tobytes()[:size]], into=lambda _strip: None)
        assert not worker.usable


def test_too_many_pixels_are_an_error(interpreter):
    shape, pixels = picture()
    with (
        WorkerClient(interpreter) as worker,
        pytest.raises(WorkerError, match=r"^the picture came with 7201 bytes instead of 7200$"),
    ):
        worker.colorize(shape, Settings(), [pixels.tobytes(), b"!"], into=lambda _strip: None)


@pytest.mark.parametrize("where", ["chunks", "into", "on_progress"])
def test_what_the_caller_raises_goes_through_and_ends_the_worker(interpreter, where):
    shape, pixels = picture()

    def fail(*_: object) -> None:
        raise LookupError(where)

    def chunks() -> Iterator[bytes]:
        yield pixels.tobytes()[:100]
        fail()

    with WorkerClient(interpreter) as worker:
        with pytest.raises(LookupError, match=where):
            worker.colorize(
                shape,
                Settings(),
                chunks() if where == "chunks" else [pixels.tobytes()],
                into=fail if where == "into" else lambda _strip: None,
                on_progress=fail if where == "on_progress" else lambda _share, _step: None,
            )
        assert not worker.usable


@pytest.mark.parametrize("step", ["send", "load", "colorize", "receive"])
def test_a_cancelled_picture_leaves_the_worker_ready_for_the_next(worker, step):
    shape, pixels = picture(size=(600, 400))
    data = pixels.tobytes()

    def cancel(_share: float, now: str) -> None:
        if now == step:
            worker.cancel()

    with pytest.raises(WorkerCancelledError):
        worker.colorize(shape, Settings(), [data[:5000], data[5000:]], into=lambda _strip: None, on_progress=cancel)
    assert worker.usable
    shape, pixels = picture()
    np.testing.assert_array_equal(swapped(colorize(worker, shape, pixels)[0]), photochrom.colorize(swapped(pixels)))


def test_a_picture_that_is_cancelled_while_it_is_sent_is_not_asked_for_further(worker):
    shape, pixels = picture()
    data = pixels.tobytes()

    def chunks() -> Iterator[bytes]:
        yield data[:5000]
        worker.cancel()
        yield data[5000:6000]
        raise AssertionError("asked for more")

    with pytest.raises(WorkerCancelledError):
        worker.colorize(shape, Settings(), chunks(), into=lambda _strip: None)
    assert worker.usable


def test_a_cancel_with_nothing_under_way_does_nothing(worker):
    worker.cancel()
    shape, pixels = picture()
    assert colorize(worker, shape, pixels)[1].device


def test_pictures_from_several_threads_wait_for_each_other(worker):
    jobs = [picture(channels, size=(70, 50)) for channels in (1, 3, 4)] * 2
    results: dict[int, Pixels] = {}

    def work(number: int) -> None:
        results[number] = colorize(worker, *jobs[number])[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, (_shape, pixels) in enumerate(jobs):
        np.testing.assert_array_equal(swapped(results[number]), photochrom.colorize(swapped(pixels)))


def test_closing_ends_the_worker_in_the_middle_of_a_computation(tmp_path):
    shape, pixels = picture()
    client = WorkerClient(real_worker(tmp_path, sitecustomize=SLOW))
    started: list[float] = []

    def close_soon(_share: float, step: str) -> None:
        if step == "colorize" and not started:
            started.append(time.monotonic())
            threading.Thread(target=client.close).start()

    with pytest.raises(WorkerError, match=r"^photochrom's worker was ended by the plug-in$"):
        client.colorize(shape, Settings(), [pixels.tobytes()], into=lambda _strip: None, on_progress=close_soon)
    assert time.monotonic() - started[0] < 10  # the computation takes 60
    assert not client.usable
    client.close()


def test_a_closed_worker_cannot_be_asked(interpreter):
    client = WorkerClient(interpreter)
    client.close()
    with pytest.raises(WorkerError, match=r"^photochrom's worker was ended by the plug-in$"):
        _hello = client.hello


def open_files() -> set[tuple[str, str]]:
    """The open files of this process: number and target."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder that is being listed
            found.add((path.name, str(path.readlink())))
    return found


def children() -> set[str]:
    """The process numbers of this process's children."""
    return {number for path in Path("/proc/self/task").glob("*/children") for number in path.read_text().split()}


def test_a_worker_leaves_neither_a_process_nor_a_thread_nor_an_open_file(interpreter):
    before = children(), set(threading.enumerate()), open_files()
    shape, pixels = picture()
    with WorkerClient(interpreter) as worker:
        assert children() - before[0]
        colorize(worker, shape, pixels)
    assert children() == before[0]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and set(threading.enumerate()) - before[1]:
        time.sleep(0.01)
    # Threads of workers before this one may end meanwhile, and what they held open with them.
    assert not set(threading.enumerate()) - before[1]
    assert not open_files() - before[2]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killing_the_client_ends_the_worker_in_the_middle_of_a_computation(tmp_path, how):
    interpreter = real_worker(tmp_path, sitecustomize=SLOW + 'import os; open("PID", "w").write(str(os.getpid()))')
    program = f"""
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import Picture, Settings
from photochrom_filter.worker_client import WorkerClient

client = WorkerClient(Interpreter(python={interpreter.python!r}, photochrom="", protocol={PROTOCOL}))
client.colorize(
    Picture(width=2, height=2, channels=1, depth="u8"), Settings(), [b"1234"],
    into=print, on_progress=lambda share, step: print(step, flush=True),
)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(PLUG_IN)},
    ) as client:
        assert client.stdout is not None
        while client.stdout.readline() != "colorize\n":
            assert client.poll() is None
        process = Path("/proc") / (tmp_path / "PID").read_text()
        assert process.exists()
        client.send_signal(how)
    deadline = time.monotonic() + 10  # the computation takes 60 s
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not process.exists()


def test_what_libraries_print_does_not_disturb_the_protocol(tmp_path):
    shape, pixels = picture()
    with WorkerClient(real_worker(tmp_path, sitecustomize=NOISE)) as worker:
        for _ in range(3):
            coloured, _answer = colorize(worker, shape, pixels)
            np.testing.assert_array_equal(swapped(coloured), photochrom.colorize(swapped(pixels)))


def test_what_gimps_launchers_and_folder_hold_for_their_own_python_does_not_reach_the_worker(
    interpreter, tmp_path, monkeypatch
):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')", encoding="utf-8")
    for name in ("PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "GI_TYPELIB_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    shape, pixels = picture()
    with WorkerClient(interpreter) as worker:
        assert colorize(worker, shape, pixels)[1].device


def test_two_workers_run_side_by_side(interpreter):
    shape, pixels = picture()
    with WorkerClient(interpreter) as one, WorkerClient(interpreter) as other:
        first, second = colorize(one, shape, pixels)[0], colorize(other, shape, pixels)[0]
    np.testing.assert_array_equal(first, second)
