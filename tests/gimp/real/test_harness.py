"""The plug-in is registered in a profile that the installer made, in a GIMP with and without a window."""

import cv2
import pytest
from tests.gimp.real.session import GimpError


def test_the_procedure_is_registered(gimp, gimp_version):
    described = gimp.call("smoke.describe")
    assert described["version"].startswith(f"{gimp_version}.")
    assert described["profile"] == f"/lab/home/.config/GIMP/{gimp_version}"
    assert described["registered"]


def test_an_exception_inside_gimp_comes_back_with_its_traceback(gimp):
    with pytest.raises(GimpError, match=r"AttributeError.*no attribute 'nothing'"):
        gimp.call("smoke.nothing")


def test_a_window_appears_and_can_be_photographed(windowed_gimp):
    session, desktop = windowed_gimp
    desktop.wait_for_window("GNU Image Manipulation Program")
    assert session.call("smoke.describe")["registered"]
    screen = cv2.imread(str(desktop.screenshot("started")))
    assert screen is not None
    assert screen.shape == (900, 1280, 3)


def test_gimp_ends_by_itself_and_leaves_no_process(start_gimp):
    session = start_gimp()
    session.quit()
    left = session.root.run("pgrep", "-af", "gimp-console|python-eval|photochrom-filter|photochrom.worker")
    assert left.status == 1, left.output
