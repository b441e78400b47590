"""The doctor finds what is there by using it, and says what to do about what is not."""

import sys
from pathlib import Path

import cv2
import pytest
from cv2.typing import MatLike

from photochrom.command.doctor import examine
from photochrom.command.finding import Finding
from photochrom.errors import ImageError
from photochrom.files.encoder import encode_image
from photochrom.networks.device import usable_devices


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings}


def wrong(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state == "wrong"]


def test_a_healthy_installation_has_nothing_wrong_and_ran_on_every_engine(model: Path):
    findings = examine(str(model))
    assert wrong(findings) == []
    found = by_subject(findings)
    assert {"photochrom", "Python", "NumPy", "OpenCV", "formats", "colour profiles", "memory", "Ray"} <= found.keys()
    for engine in ("opencv on cpu", "onnxruntime on cpu"):
        assert "ran" in found[engine].text


def test_without_cuda_that_is_a_note_and_nothing_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom.command.doctor.usable_devices", lambda _: ["cpu"])
    for built, words in ((False, "built without it"), (True, "no GPU that it can use")):
        monkeypatch.setattr("photochrom.command.doctor.opencv_has_cuda", lambda built=built: built)
        found = by_subject(examine(str(model)))
        assert found["opencv on cuda"].state == "note"
        assert words in found["opencv on cuda"].text


def test_a_device_that_is_there_but_does_not_work_is_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    if "cuda" in usable_devices("opencv"):
        pytest.skip("CUDA works here")
    monkeypatch.setattr("photochrom.command.doctor.usable_devices", lambda _: ["cpu", "cuda"])
    found = by_subject(examine(str(model)))
    assert found["opencv on cpu"].state == "ok"
    assert found["opencv on cuda"].state == "wrong"


def test_a_changed_network_is_wrong_and_is_not_run(model: Path, tmp_path: Path):
    changed = tmp_path / model.name
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    changed.with_suffix(".json").write_bytes(model.with_suffix(".json").read_bytes())
    findings = examine(str(changed))
    (finding,) = wrong(findings)
    assert "sha256" in finding.text
    assert finding.remedy
    assert not any(" on " in subject for subject in by_subject(findings) if subject.startswith("opencv"))


def test_a_missing_network_is_wrong(tmp_path: Path):
    (finding,) = wrong(examine(str(tmp_path / "none.onnx")))
    assert "no such file" in finding.text


def test_without_onnxruntime_that_is_a_note(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = by_subject(examine(str(model)))
    assert found["onnxruntime"].state == "note"
    assert "pip install" in found["onnxruntime"].text
    assert "onnxruntime on cpu" not in found


def test_colour_profiles_that_cannot_be_used_are_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    (finding,) = wrong(examine(str(model)))
    assert finding.subject == "colour profiles"
    assert finding.remedy == "pip install imagecodecs"


def test_little_free_memory_is_a_note(model: Path, monkeypatch: pytest.MonkeyPatch):
    for free, state in ((300_000_000, "note"), (8_000_000_000, "ok")):
        monkeypatch.setattr("photochrom.command.doctor.free_memory", lambda free=free: free)
        finding = by_subject(examine(str(model)))["memory"]
        assert finding.state == state
        assert f"{free / 1e9:.1f} GB" in finding.text


def test_without_ray_that_is_a_note(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("photochrom.command.doctor._version", lambda _: None)
    finding = by_subject(examine(str(model)))["Ray"]
    assert (finding.state, finding.remedy) == ("note", 'pip install "photochrom[ray]"')


def test_a_format_that_gives_back_another_picture_is_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    def encode_black(pixels: MatLike, suffix: str) -> bytes:
        return bytes(encode_image(pixels * (suffix != ".bmp"), suffix))

    monkeypatch.setattr("photochrom.command.doctor.encode_image", encode_black)
    (finding,) = wrong(examine(str(model)))
    assert finding.text == "not working: .bmp"


def test_two_opencv_packages_over_each_other_are_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    installed = {"opencv-python": "4.14.0", "opencv-contrib-python": "4.14.0"}
    monkeypatch.setattr("photochrom.command.doctor._version", installed.get)
    (finding,) = wrong(examine(str(model)))
    assert "opencv-python and opencv-contrib-python" in finding.text
    assert "pip uninstall" in finding.remedy


def test_an_opencv_that_is_too_old_is_wrong(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cv2, "__version__", "4.9.0")
    (finding,) = wrong(examine(str(model)))
    assert finding.text.startswith("4.9.0")
    assert "4.14" in finding.remedy


def test_a_format_that_does_not_work_is_wrong_and_named(model: Path, monkeypatch: pytest.MonkeyPatch):
    def encode_without_webp(pixels: MatLike, suffix: str) -> bytes:
        if suffix == ".webp":
            raise ImageError("not built in")
        return bytes(encode_image(pixels, suffix))

    monkeypatch.setattr("photochrom.command.doctor.encode_image", encode_without_webp)
    (finding,) = wrong(examine(str(model)))
    assert (finding.subject, finding.text) == ("formats", "not working: .webp")
