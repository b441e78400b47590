"""The worker as its protocol describes it, spoken to byte by byte; its client is tested with the plug-in."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path

import cv2
import numpy as np
import pytest

import photochrom
from photochrom.errors import DeviceError, ImageError, ModelError
from photochrom.threads import processors
from photochrom.worker.channel import Channel
from photochrom.worker.loaded_network import load
from photochrom.worker.pixel_stream import blank, fill, pieces
from photochrom.worker.protocol import RequestCancelledError, RequestError, failure
from photochrom.worker.request import ColorizeRequest

Message = dict[str, object]


class Talk:
    """A worker, and what is said to it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "photochrom.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def say(self, message: Message | bytes, payload: bytes = b"") -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self.process.stdin.write(line + payload)
        self.process.stdin.flush()

    def hear(self) -> tuple[Message, bytes]:
        """The next message that is not of progress, and its bytes."""
        assert self.process.stdout is not None
        while True:
            message = json.loads(self.process.stdout.readline())
            if "progress" not in message:
                return message, self.process.stdout.read(message.get("bytes", 0))

    def end(self) -> tuple[int, str]:
        """The exit code after the end of standard input, and what was written to standard error."""
        _out, error = self.process.communicate(timeout=30)
        return self.process.returncode, error.decode()


@contextmanager
def start() -> Iterator[Talk]:
    """A worker that has said hello."""
    talk = Talk()
    with talk.process:
        assert talk.process.stdout is not None
        assert talk.process.stdout.readline() == b"\n"
        assert talk.hear()[0]["hello"] == "photochrom"
        yield talk
        talk.process.kill()


@pytest.fixture
def new_talk() -> Iterator[Talk]:
    """A worker for a test that ends it."""
    with start() as talk:
        yield talk


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    """A worker for all tests that leave it in order."""
    with start() as talk:
        yield talk


@pytest.fixture
def request_for(model: Path):
    """A request to colorize 3 x 2 grey pixels with a tiny network; keywords replace its values."""

    def make(**changes: object) -> Message:
        size = {"width": 3, "height": 2, "channels": 1, "depth": "u8", "bytes": 6}
        settings = {"model": str(model), "device": "cpu", "strength": 1, "saturation": 1, "fade_uncertain": 0}
        return {"id": 1, "do": "colorize", **size, **settings, "confidence": False, **changes}

    return make


def test_a_request_is_answered_as_the_protocol_says(talk, request_for, model):
    talk.say(request_for(), b"123456")
    message, data = talk.hear()
    result = message["result"]
    assert isinstance(result, dict)
    assert result.pop("seconds").keys() == {"load", "colorize"}
    assert message == {
        "id": 1,
        "result": {"channels": 3, "device": "cpu", "note": "", "confidence_bytes": 0},
        "bytes": 18,
    }
    grey = np.frombuffer(b"123456", np.uint8).reshape(2, 3)
    bgr = photochrom.colorize(grey, model=model, device="cpu")
    assert data == cv2.cvtColor(np.asarray(bgr, np.uint8), cv2.COLOR_BGR2RGB).tobytes()


def test_the_confidence_follows_the_picture(talk, request_for):
    talk.say(request_for(confidence=True), b"123456")
    message, data = talk.hear()
    assert isinstance(message["result"], dict)
    assert (message["bytes"], message["result"]["confidence_bytes"], len(data)) == (24, 6, 24)


def test_requests_wait_for_their_turn(talk, request_for):
    for number in (1, 2, 3):
        talk.say(request_for(id=number), b"123456")
    assert [talk.hear()[0]["id"] for _ in range(3)] == [1, 2, 3]


def test_a_request_that_waits_can_be_cancelled(talk, request_for):
    talk.say(request_for(id=1, width=1000, height=1000, bytes=1_000_000), bytes(1_000_000))
    talk.say(request_for(id=2), b"123456")
    talk.say({"id": 2, "do": "cancel"})
    talk.say(request_for(id=3), b"123456")
    assert "result" in talk.hear()[0]
    assert talk.hear()[0] == {"id": 2, "error": "it was cancelled", "kind": "cancelled"}
    assert "result" in talk.hear()[0]


def test_cancelling_what_is_answered_or_was_never_asked_does_nothing(talk, request_for):
    talk.say(request_for(id=1), b"123456")
    talk.hear()
    for number in (1, 2):
        talk.say({"id": number, "do": "cancel"})
    talk.say(request_for(id=2), b"123456")
    assert "result" in talk.hear()[0]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"do": "restore"}, "this worker does not know how to do 'restore'; it can colorize and cancel"),
        ({"do": None}, "this worker does not know how to do None; it can colorize and cancel"),
        ({"more": 1}, "a request has the wrong keys: missing are [], unknown are ['more']"),
        ({"width": 0}, "a picture of 0 x 2 pixels holds none; give at least 1 x 1"),
        ({"height": -2}, "a picture of 3 x -2 pixels holds none; give at least 1 x 1"),
        ({"channels": 2}, "pixels came with 2 channels in u8; give 1, 3, 4 channels in u8, u16, float"),
        ({"depth": "half"}, "pixels came with 1 channels in half; give 1, 3, 4 channels in u8, u16, float"),
        ({"depth": "u16"}, "6 bytes came for 3 x 2 pixels of 1 channels in u16, which are 12"),
        ({"width": 3.0}, "a request's width is 3.0; give a whole number"),
        ({"width": True}, "a request's width is True; give a whole number"),
        ({"strength": "full"}, "a request's strength is 'full'; give a number"),
        ({"model": 7}, "a request's model is 7; give a text"),
        ({"confidence": 1}, "a request's confidence is 1; give true or false"),
        ({"device": "gpu"}, "there is no device 'gpu'; give one of auto, cpu, cuda, cuda_fp16"),
    ],
)
def test_an_impossible_request_is_refused_and_the_next_one_answered(talk, request_for, changes, error):
    talk.say(request_for(**changes), b"123456")
    assert talk.hear()[0] == {"id": 1, "error": error, "kind": "internal"}
    talk.say(request_for(id=2), b"123456")
    assert "result" in talk.hear()[0]


@pytest.mark.parametrize(
    ("changes", "error", "kind"),
    [
        ({"model": "/nowhere/none.onnx"}, "/nowhere/none.json", "model"),
        ({"saturation": 11}, "saturation is 11; give a number from 0 to 10", "image"),
        ({"fade_uncertain": float("nan")}, "fade_uncertain is nan; give a number from 0 to 1", "image"),
    ],
)
def test_what_the_core_refuses_is_refused_in_its_words(talk, request_for, changes, error, kind):
    talk.say(request_for(**changes), b"123456")
    message, _data = talk.hear()
    assert error in str(message["error"])
    assert message["kind"] == kind
    talk.say(request_for(id=2), b"123456")
    assert "result" in talk.hear()[0]


def test_a_picture_that_does_not_fit_into_memory_is_refused_before_it_came(new_talk, request_for):
    side = 1_000_000
    new_talk.say(request_for(width=side, height=side, bytes=side * side))
    message, _data = new_talk.hear()
    assert str(message["error"]).startswith(
        "a picture of 1000000 x 1000000 pixels takes 4000000 MB of memory here, and"
    )
    assert message["kind"] == "image"


@pytest.mark.parametrize(
    "line",
    [b"hello\n", b"[]\n", b"\xff\n", b"[" * 100_000 + b"\n", b"{}", b'{"id": "1"}\n', b'{"id": 1, "bytes": -1}\n'],
)
def test_a_line_that_is_no_message_ends_the_worker(new_talk, line):
    new_talk.say(line)
    assert new_talk.process.stdin is not None
    new_talk.process.stdin.close()
    message, _data = new_talk.hear()
    assert (message["id"], message["kind"]) == (None, "internal")
    assert new_talk.process.wait(30) == 1


def test_the_end_of_its_input_ends_the_worker(new_talk):
    assert new_talk.end() == (0, "")


def test_the_end_of_its_input_within_a_message_ends_the_worker(new_talk, request_for):
    new_talk.say(request_for(), b"123")
    assert new_talk.end() == (0, "")


def test_a_client_that_does_not_listen_any_more_ends_the_worker(new_talk, request_for):
    assert new_talk.process.stdout is not None
    new_talk.process.stdout.close()
    new_talk.say(request_for(), b"123456")
    assert new_talk.process.wait(30) == 0


def test_an_interrupt_from_the_terminal_is_left_to_the_client(new_talk, request_for):
    new_talk.process.send_signal(2)
    new_talk.say(request_for(), b"123456")
    assert "result" in new_talk.hear()[0]


@pytest.mark.parametrize(("channels", "copies"), [(1, 4), (4, 1)])
def test_a_picture_takes_the_memory_of_its_pixels_and_of_a_grey_ones_result(new_talk, request_for, channels, copies):
    def most() -> int:
        status = Path(f"/proc/{new_talk.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) >> 10

    new_talk.say(request_for(), b"123456")
    new_talk.hear()
    before = most()
    side = 1500
    size = side * side * channels * 4
    new_talk.say(request_for(id=2, width=side, height=side, channels=channels, depth="float", bytes=size), bytes(size))
    new_talk.hear()
    strips = 60 + 12 * min(processors(), 8)  # measured: 74 MiB on two processors
    assert most() - before < size * copies / (1 << 20) + strips


def test_a_network_stays_loaded(model):
    assert load(str(model), "cpu") is load(str(model), "cpu")


def test_what_the_core_warns_of_while_it_loads_a_network_becomes_a_note(model, monkeypatch):
    def reluctant(*_: object, **__: object) -> photochrom.Colorizer:
        logging.getLogger("photochrom").warning("device auto: found CUDA, but it fails: %s", "too old")
        return colorizer

    colorizer = photochrom.Colorizer(model, device="cpu")
    monkeypatch.setattr("photochrom.worker.loaded_network.Colorizer", reluctant)
    assert load(f"{model}", "auto").note == "device auto: found CUDA, but it fails: too old"


def test_messages_are_repeated_until_the_work_is_done_and_not_after():
    reading, writing = os.pipe()
    with open(reading, "rb") as heard, FileIO(writing, "wb") as pipe:  # noqa: PTH123 (a descriptor)
        channel = Channel(pipe)
        with channel.repeated({"id": 1}):
            for _ in range(3):
                assert heard.readline() == b'{"id": 1}\n'
        channel.send({"id": 2})
        rest = b""
        while b'{"id": 2}\n' not in rest:
            rest = heard.readline()
        channel.send({"id": 3}, [memoryview(b"12"), memoryview(b"3")])
        assert heard.readline() + heard.read(3) == b'{"id": 3}\n123'


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ImageError("x"), "image"),
        (MemoryError("x"), "image"),
        (ModelError("x"), "model"),
        (DeviceError("x"), "device"),
        (RequestCancelledError("x"), "cancelled"),
        (RequestError("x"), "internal"),
        (RuntimeError("x"), "internal"),
    ],
)
def test_each_error_has_its_kind(error, kind):
    assert failure(4, error) == {"id": 4, "error": "x", "kind": kind}


@pytest.mark.parametrize("depth", ["u8", "u16", "float"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 5), (1500, 700), (400_000, 2)])
def test_pixels_come_in_as_bgr_and_go_out_as_they_came(request_for, width, height, channels, depth):
    sample = {"u8": 1, "u16": 2, "float": 4}[depth]
    size = width * height * channels * sample
    message = request_for(width=width, height=height, channels=channels, depth=depth, bytes=size)
    pixels = blank(ColorizeRequest.read(message))
    rng = np.random.default_rng(1)
    rgb = (rng.random((height, width, channels)) * (1 if depth == "float" else 255)).astype(pixels.dtype)
    fill(pixels, BufferedReader(BytesIO(rgb.tobytes())))
    if channels == 1:
        np.testing.assert_array_equal(pixels, rgb[:, :, 0])
    else:
        np.testing.assert_array_equal(pixels, rgb[:, :, [2, 1, 0, 3][:channels]])
    assert b"".join(map(bytes, pieces(pixels))) == rgb.tobytes()
