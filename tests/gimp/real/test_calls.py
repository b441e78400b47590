"""Ways to call the filter: with the last values, and in two GIMPs at the same time."""

from tests.gimp.real.filter_facts import process

NAME = "python-fu-photochrom-colorize"


def test_the_last_values_are_taken_again(gimp, gimp_version):
    settings = gimp.path(f"home/.config/GIMP/{gimp_version}/plug-in-settings/{NAME}.last")
    first = gimp.call("pictures.call_again")
    assert first["layers"][0] == "Photochrom colorize 1.1 (strength 100 %)"
    stored = settings.read_text()
    assert "(strength 1" in stored
    settings.write_text(stored.replace("(strength 1", "(strength 0.25"))
    again = gimp.call("pictures.call_again")
    assert again["status"] == "success"
    assert again["layers"][0] == "Photochrom colorize 1.1 (strength 25 %)"


def test_two_gimps_work_at_the_same_time(gimp, start_gimp):
    other = start_gimp()
    sessions = [gimp, other]
    outcomes = [
        session.begin("pictures.process", wanted={"size": [900, 700]}, arguments={"output": "replace"})
        for session in sessions
    ]
    results = [outcome.result(timeout=120) for outcome in outcomes]
    assert [result["status"] for result in results] == ["success", "success"]
    assert results[0]["originals"] == results[1]["originals"]
    assert results[0]["originals"][0]["colouring"] > 5


def test_a_call_says_nothing_wrong_in_the_log(gimp):
    before = gimp.log.read_text(errors="replace")
    assert process(gimp, {"layers": [{"name": "photo", "alpha": True, "mask": "on"}]})["status"] == "success"
    said = gimp.log.read_text(errors="replace")[len(before) :]
    assert "Traceback" not in said
    assert "CRITICAL" not in said
