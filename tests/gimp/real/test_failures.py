"""Whatever happens to the worker, the plug-in or GIMP in the middle of it: the image stays, and no process does."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gimp.real.filter_facts import Json, process
from tests.gimp.real.root import Root
from tests.gimp.real.session import GimpSession
from tests.gimp.workers import made_up_worker, script_worker

TWO_LAYERS: Json = {"base": "GRAY", "layers": [{"name": "first"}, {"name": "second"}]}
ANSWER_ONCE = """
say(HELLO)
request, pixels = hear()
say(result(request, 3 * len(pixels)), bytes(255 - value for value in pixels for _ in range(3)))
hear()
sys.exit("the second picture was too much")
"""
GO_ON_FOR_EVER = """
say(HELLO)
request, pixels = hear()
while True:
    say({"id": request["id"], "progress": 0.5, "step": "colorize"})
    time.sleep(0.2)
"""
ANSWER_LATER = """
say(HELLO)
request, pixels = hear()
while not os.path.exists("/lab/go"):
    say({"id": request["id"], "progress": 0.5, "step": "colorize"})
    time.sleep(0.1)
say(result(request, len(pixels)), pixels)
"""
MISBEHAVING = {
    "ends at once": ("sys.exit(3)", r"ended"),
    "ends at the second layer": (ANSWER_ONCE, r"the second picture was too much"),
    "writes garbage": ("say(HELLO)\nhear()\nprint('Segmentation')", r"Segmentation"),
    "gives back too little": ("say(HELLO)\nr, p = hear()\nsay(result(r, len(p)), p)", r"does not understand"),
    "speaks another protocol": ("say(HELLO | {'protocol': 99})\nhear()", r"photochrom gimp install"),
}


def use_python(session: GimpSession, gimp_version: str, python: str) -> None:
    """Let the plug-in believe that photochrom is in this Python."""
    record = session.path(f"home/.config/GIMP/{gimp_version}/plug-ins/photochrom-filter/interpreter.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"python": python}))


def use_program(session: GimpSession, gimp_version: str, program: str) -> None:
    """Let the plug-in have a worker that is this program."""
    made_up_worker(session.root.lab, program)
    script = script_worker(session.root.lab, "exec python3 /lab/made_up_worker.py")
    use_python(session, gimp_version, f"/lab/{Path(script.python).name}")


@pytest.fixture
def mended(gimp: GimpSession, gimp_version: str) -> Iterator[None]:
    """Gives the plug-in its own Python back when the test ends."""
    yield
    use_python(gimp, gimp_version, "/opt/photochrom/bin/python")


def processes(root: Root, pattern: str) -> list[str]:
    """Ids of the processes in a root whose command line matches."""
    return root.run("pgrep", "-f", pattern).output.split()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.1)


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("case", MISBEHAVING)
def test_a_misbehaving_worker_changes_nothing(gimp, gimp_version, case):
    program, sentence = MISBEHAVING[case]
    use_program(gimp, gimp_version, program)
    facts = process(gimp, TWO_LAYERS, output="replace")
    assert facts["status"] == "execution-error"
    assert facts["sentence"] is not None
    assert sentence in facts["sentence"]
    assert "Traceback" not in facts["sentence"]
    assert facts["unchanged"]


@pytest.mark.usefixtures("mended")
def test_a_python_that_is_gone_is_named_with_what_to_do(gimp, gimp_version):
    use_python(gimp, gimp_version, "/gone/bin/python")
    facts = process(gimp, TWO_LAYERS)
    assert facts["status"] == "execution-error"
    assert facts["sentence"] is not None
    assert "/gone/bin/python" in facts["sentence"]
    assert "photochrom gimp install" in facts["sentence"]
    assert facts["unchanged"]


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("victim", ["photochrom-filter.py", "/lab/made_up_worker.py"])
def test_a_killed_plug_in_or_worker_leaves_the_image_and_no_process(gimp, gimp_version, victim):
    use_program(gimp, gimp_version, GO_ON_FOR_EVER)
    outcome = gimp.begin("pictures.process", wanted=TWO_LAYERS, arguments={"output": "replace"})
    wait_for(lambda: processes(gimp.root, "/lab/made_up_worker.py"))
    for number in processes(gimp.root, victim):
        gimp.root.run("kill", "-KILL", number)
    facts = outcome.result(timeout=60)
    # The status of a plug-in that was killed is GIMP's own choice.
    assert facts["status"] == "execution-error" or victim == "photochrom-filter.py"
    assert facts["status"] != "success"
    assert facts["unchanged"]
    wait_for(lambda: not processes(gimp.root, "/lab/made_up_worker.py|photochrom-filter.py"), 10)


def test_after_every_failure_the_next_call_works(gimp):
    assert process(gimp, TWO_LAYERS)["status"] == "success"


def test_a_killed_gimp_takes_plug_in_and_worker_along(start_gimp, gimp_version):
    session = start_gimp()
    use_program(session, gimp_version, GO_ON_FOR_EVER)
    session.begin("pictures.process", wanted=TWO_LAYERS, arguments={})
    wait_for(lambda: processes(session.root, "/lab/made_up_worker.py"))
    for number in processes(session.root, "^gimp-console"):
        session.root.run("kill", "-KILL", number)
    wait_for(lambda: not processes(session.root, "/lab/made_up_worker.py|photochrom-filter.py"), 10)


def test_a_layer_that_was_taken_away_meanwhile_is_an_error_in_words(start_windowed_gimp, gimp_version):
    session, desktop = start_windowed_gimp()
    use_program(session, gimp_version, ANSWER_LATER)
    session.call("pictures.show", wanted={})
    window = desktop.wait_for_window("Untitled.*GIMP")
    outcome = session.begin("pictures.call_shown", arguments={})
    wait_for(lambda: processes(session.root, "/lab/made_up_worker.py"))
    # The user undoes everything, down to the image without its layer.
    desktop.key(window, *["ctrl+z"] * 12)
    session.path("go").touch()
    facts = outcome.result(timeout=60)
    assert facts["status"] == "execution-error"
    assert facts["sentence"] == "The image was changed meanwhile; nothing was colorized. Try again."
    assert session.call("pictures.shown")["layers"] == []
