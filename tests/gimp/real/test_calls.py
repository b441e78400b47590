"""Ways to call the filter: with the last values, and in two GIMPs at the same time."""

import pytest
from tests.gimp.real.filter_facts import MADE_BY, process

NAME = "python-fu-photochrom-colorize"


def test_the_last_values_are_taken_again(gimp, gimp_version):
    assert gimp.call("pictures.call_again")["layers"][0] == MADE_BY
    # What GIMP itself keeps after the dialog's OK.
    settings = gimp.path(f"home/.config/GIMP/{gimp_version}/plug-in-settings/GimpProcedureConfigRun-{NAME}.last")
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("# settings\n\n(strength 0.25)\n(saturation 1.5)\n\n# end of settings\n")
    again = gimp.call("pictures.call_again")
    assert again["status"] == "success"
    assert again["layers"][0] == f"{MADE_BY} (strength 25 %, saturation 150 %)"


def test_two_gimps_work_at_the_same_time(gimp, start_gimp):
    arguments = {"wanted": {"size": [900, 700]}, "arguments": {"output": "replace"}}
    outcomes = [session.begin("pictures.process", **arguments) for session in (gimp, start_gimp())]
    first, second = (outcome.result(timeout=120) for outcome in outcomes)
    assert first["status"] == second["status"] == "success"
    assert first["originals"][0]["colouring"] == pytest.approx(second["originals"][0]["colouring"])
    assert first["originals"][0]["colouring"] > 5


def test_a_call_says_nothing_wrong_in_the_log(gimp):
    before = gimp.log.read_text(errors="replace")
    assert process(gimp, {"layers": [{"name": "photo", "alpha": True, "mask": "on"}]})["status"] == "success"
    said = gimp.log.read_text(errors="replace")[len(before) :]
    assert "Traceback" not in said
    assert "CRITICAL" not in said
