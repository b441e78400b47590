"""One step of undo gives back the exact image, whatever was done; in a window, because GIMP undoes nowhere else."""

import time

import pytest

IMAGES = {
    "RGB": {"layers": [{"name": "photo", "alpha": True}]},
    "GRAY": {"base": "GRAY", "precision": "U16_LINEAR", "layers": [{"name": "photo"}, {"name": "second"}]},
    "selection, mask and group": {
        "layers": [{"name": "group", "layers": [{"name": "photo", "mask": "on", "size": [60, 50], "offset": [9, 9]}]}],
        "selected": ["photo"],
        "selection": [20, 10, 40, 30],
        "feather": 6,
    },
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("output", ["new-layer-color", "new-layer", "replace"])
def test_one_undo_gives_back_the_exact_image(windowed_gimp, image, output):
    session, desktop = windowed_gimp
    session.call("pictures.show", wanted=IMAGES[image])
    window = desktop.wait_for_window("Untitled.*GIMP")
    try:
        before = session.call("pictures.shown")
        assert not before["dirty"]
        arguments = {"output": output, "confidence-layer": True}
        assert session.call("pictures.call_shown", arguments=arguments)["status"] == "success"
        after = session.call("pictures.shown")
        assert after["state"] != before["state"]
        desktop.key(window, "ctrl+z")
        end = time.monotonic() + 20
        while (undone := session.call("pictures.shown")) == after and time.monotonic() < end:
            time.sleep(0.2)
        assert undone == before
    finally:
        session.call("pictures.close")
