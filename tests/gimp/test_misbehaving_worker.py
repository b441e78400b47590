"""The plug-in's client with workers that die, hang, lie or cannot be started: one plain sentence each, and soon."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tests.gimp.workers import PLUG_IN, made_up_worker, script_worker

from photochrom_filter.environment import worker_environment
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import PROTOCOL, Answer, Picture, Settings
from photochrom_filter.worker_client import WorkerCancelledError, WorkerClient, WorkerError

INSTALL = "run `photochrom gimp install` in a terminal, with the Python that has photochrom"
SHAPE = Picture(width=5, height=4, channels=3, depth="u8")
PIXELS = bytes(range(60))
LIMIT = 1.5
"""How long a worker may be silent in these tests [s]."""
AT_MOST = 10
"""How long the client may take to notice [s]; with room for a busy machine."""


def ask(interpreter: Interpreter) -> tuple[bytes, Answer]:
    """What a worker makes of a few pixels."""
    result = bytearray()
    with WorkerClient(interpreter, start_limit=20, silence_limit=LIMIT) as worker:
        answer = worker.colorize(SHAPE, Settings(), [PIXELS], into=result.extend)
        assert worker.usable
    return bytes(result), answer


def complaint(interpreter: Interpreter, shape: Picture = SHAPE) -> str:
    """What the client says of a worker that is of no use any more."""
    start = time.monotonic()
    with WorkerClient(interpreter, start_limit=20, silence_limit=LIMIT) as worker:
        with pytest.raises(WorkerError) as caught:
            worker.colorize(shape, Settings(), [bytes(shape.size)], into=lambda _strip: None)
        assert not worker.usable
        assert not isinstance(caught.value, WorkerCancelledError)
    assert time.monotonic() - start < AT_MOST
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


WELL_BEHAVED = """
say(HELLO)
while True:
    request, pixels = hear()
    say(result(request, len(pixels)), bytes(255 - byte for byte in pixels))
"""


def test_a_worker_that_behaves_is_understood(tmp_path):
    result, answer = ask(made_up_worker(tmp_path, WELL_BEHAVED))
    assert result == bytes(255 - byte for byte in PIXELS)
    assert answer.device == "cpu"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("sys.exit('the reason')", "ended too early, with the exit code 1: the reason"),
        ("sys.exit(3)", "ended too early, with the exit code 3: it left no message"),
        ("say(HELLO); sys.exit(3)", "ended too early, with the exit code 3: it left no message"),
        ("say(HELLO); hear(); raise RuntimeError('halfway')", "with the exit code 1: RuntimeError: halfway"),
        ("say(HELLO); hear(); os.kill(os.getpid(), 11)", "by the signal 11: it left no message"),
        ("say(HELLO); hear(); os.kill(os.getpid(), 9)", "by the signal SIGKILL, perhaps because memory ran out"),
        ("say(HELLO); r, p = hear(); say(result(r, 60), p[:59])", "with the exit code 0: it left no message"),
        ("say(HELLO); r, p = hear(); say(result(r, 60))", "with the exit code 0: it left no message"),
        ("say(HELLO); hear(); os.write(1, b'{')", "with the exit code 0: it left no message"),
        ("say(HELLO); hear(); os.close(1); time.sleep(60)", "ended too early, when it closed its output"),
    ],
)
def test_a_worker_that_ends_too_early(tmp_path, program, said):
    assert said in complaint(made_up_worker(tmp_path, program))


def test_a_worker_that_ends_while_a_large_picture_is_sent(tmp_path):
    worker = made_up_worker(tmp_path, "say(HELLO); sys.stdin.buffer.readline(); sys.exit('no more')")
    large = Picture(width=2000, height=2000, channels=3, depth="u8")
    assert complaint(worker, large) == "photochrom's worker ended too early, with the exit code 1: no more"


@pytest.mark.parametrize(
    "program",
    [
        "print('Hello!', 'x' * 70_000, flush=True); time.sleep(60)",
        "os.write(1, bytes(70_000)); time.sleep(60)",
        "while True: print('noise')",
        "say({'hello': 'photochrom'}, bytes(70_000)); time.sleep(60)",
        "say(HELLO | {'models': None}, bytes(70_000)); time.sleep(60)",
        "say(HELLO | {'models': ['colorize']}, bytes(70_000)); time.sleep(60)",
        "say(HELLO | {'protocol': 'one'}, bytes(70_000)); time.sleep(60)",
        "say(HELLO); hear(); print('Hm'); sys.stdout.flush(); time.sleep(60)",
        "say(HELLO); hear(); print('[]', flush=True); time.sleep(60)",
        "say(HELLO); hear(); print('1e999', flush=True); time.sleep(60)",
        "say(HELLO); hear(); print('[' * 100_000, flush=True); time.sleep(60)",
        "say(HELLO); hear(); os.write(1, b'\\xff\\xfe\\n'); time.sleep(60)",
        "say(HELLO); hear(); sys.stdout.write('x' * 2_000_000); sys.stdout.flush(); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 59), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 61), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, -1), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 10 ** 30), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, '60'), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 80, confidence_bytes=20), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 60, confidence_bytes=20), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 60, device=None), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, 60, seconds={'load': 'long'}), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result({'id': 99}, 60), p); time.sleep(60)",
        "say(HELLO); r, p = hear(); say({'id': 99, 'error': 'not yours', 'kind': 'image'}); time.sleep(60)",
        "say(HELLO); r, p = hear(); say({'id': None, 'error': 'what?', 'kind': 'internal'}); time.sleep(60)",
        "say(HELLO); r, p = hear(); say({'id': r['id'], 'progress': 'much', 'step': 'load'}); time.sleep(60)",
    ],
)
def test_a_worker_that_writes_garbage(tmp_path, program):
    sentence = complaint(made_up_worker(tmp_path, program))
    assert sentence.startswith("photochrom's worker said something that the plug-in does not understand (")
    assert sentence.endswith(f"); {INSTALL}")
    assert len(sentence) < 600


@pytest.mark.parametrize(
    "program",
    [
        "say(HELLO); hear(); time.sleep(60)",
        "say(HELLO); time.sleep(60)",
        "say(HELLO); r, p = hear(); say(result(r, len(p)), p[:-1]); time.sleep(60)",
        "say(HELLO); r, p = hear(); sys.stdout.write('{'); sys.stdout.flush(); time.sleep(60)",
    ],
)
def test_a_worker_that_hangs(tmp_path, program):
    large = Picture(width=2000, height=2000, channels=3, depth="u8")
    sentence = complaint(made_up_worker(tmp_path, program), large)
    assert sentence == "photochrom's worker did not answer for 1.5 seconds and was ended; try again"


def test_a_worker_that_never_says_hello(tmp_path):
    with (
        WorkerClient(made_up_worker(tmp_path, "time.sleep(60)"), start_limit=LIMIT) as worker,
        pytest.raises(WorkerError, match=r"^photochrom's worker did not answer for 1.5 seconds and was ended; try"),
    ):
        _hello = worker.hello


def test_a_worker_that_says_hello_drop_by_drop_has_no_more_time_for_it(tmp_path):
    drops = "while True: print('soon', flush=True); time.sleep(0.05)"
    start = time.monotonic()
    with (
        WorkerClient(made_up_worker(tmp_path, drops), start_limit=LIMIT) as worker,
        pytest.raises(WorkerError, match=r"did not answer for 1\.5 seconds"),
    ):
        _hello = worker.hello
    assert time.monotonic() - start < AT_MOST


def test_a_worker_that_works_for_long_and_says_so_is_waited_for(tmp_path):
    program = """
say(HELLO)
request, pixels = hear()
for _ in range(10):
    say({"id": request["id"], "progress": 0.5, "step": "colorize"})
    time.sleep(0.2)
say(result(request, 60), pixels)
"""
    assert ask(made_up_worker(tmp_path, program + "hear()"))[0] == PIXELS


def test_a_caller_who_takes_his_time_is_not_taken_for_a_worker_that_hangs(tmp_path):
    def slowly() -> Iterator[bytes]:
        for start in range(0, 60, 20):
            time.sleep(LIMIT * 0.6)
            yield PIXELS[start : start + 20]
        time.sleep(LIMIT * 1.2)

    result = bytearray()
    with WorkerClient(made_up_worker(tmp_path, WELL_BEHAVED), silence_limit=LIMIT) as worker:
        worker.colorize(SHAPE, Settings(), slowly(), into=result.extend)
    assert len(result) == 60


def test_a_worker_that_fills_standard_error_is_listened_to(tmp_path):
    program = "sys.stderr.write('all is well' * 1_000_000); sys.stderr.write('\\n' * 1_000_000)\n" + WELL_BEHAVED
    assert len(ask(made_up_worker(tmp_path, program))[0]) == 60


def test_the_last_words_of_a_worker_that_fills_standard_error_are_kept_and_no_more(tmp_path):
    program = "sys.stderr.write('x' * 5_000_000 + '\\nthe end\\n \\n'); sys.exit(1)"
    assert complaint(made_up_worker(tmp_path, program)).endswith("with the exit code 1: the end")


def test_a_worker_that_prints_before_it_says_hello_is_understood(tmp_path):
    program = "print('Loading...'); print('{}'); print('[1]'); print(); sys.stdout.flush()\n" + WELL_BEHAVED
    assert len(ask(made_up_worker(tmp_path, program))[0]) == 60


def test_an_older_plug_in_says_so(tmp_path):
    newer = made_up_worker(tmp_path, f"say(HELLO | {{'protocol': {PROTOCOL + 1}}}); time.sleep(60)")
    assert complaint(newer) == (
        f"the plug-in is older than photochrom 9.9 in {newer.python} and does not understand it; "
        "run `photochrom gimp install` there to update the plug-in"
    )


def test_an_older_photochrom_is_said_to_be_so(tmp_path):
    older = made_up_worker(tmp_path, f"say(HELLO | {{'protocol': {PROTOCOL - 1}, 'version': '0.0.1'}}); time.sleep(60)")
    assert complaint(older) == (
        f"photochrom 0.0.1 in {older.python} is older than the plug-in, which does not understand it; "
        "update photochrom there, then run `photochrom gimp install`"
    )


def test_another_protocol_may_say_hello_in_other_words(tmp_path):
    newer = made_up_worker(
        tmp_path, "say({'hello': 'photochrom', 'protocol': 7, 'version': '8.1', 'new': []}); time.sleep(60)"
    )
    assert "older than photochrom 8.1" in complaint(newer)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Permission denied"),
        (lambda path: path.write_text("#!/bin/sh"), "Permission denied"),
        (lambda path: (path.write_bytes(b"\x7fELF"), path.chmod(0o755)), "Exec format error"),
    ],
)
def test_an_interpreter_that_cannot_be_started(tmp_path, make, reason):
    path = tmp_path / "python"
    make(path)
    with pytest.raises(WorkerError) as caught:
        WorkerClient(Interpreter(python=str(path), photochrom="1", protocol=1))
    assert str(caught.value) == f"the Python that has photochrom cannot be started ({path}: {reason}); {INSTALL}"


def test_an_interpreter_with_an_impossible_path():
    with pytest.raises(WorkerError, match="embedded null byte"):
        WorkerClient(Interpreter(python="/usr/bin/\0python", photochrom="1", protocol=1))


def test_an_interpreter_without_photochrom(tmp_path):
    bare = script_worker(tmp_path, f'exec "{sys.executable}" -S "$@"')
    assert complaint(bare) == f"{bare.python} has no photochrom, or one that is too old; {INSTALL}"


def test_what_is_meant_for_gimps_own_python_is_kept_from_the_worker():
    meant_for_gimp = (
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONNOUSERSITE",
        "__PYVENV_LAUNCHER__",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "DYLD_LIBRARY_PATH",
        "DYLD_INSERT_LIBRARIES",
        "GI_TYPELIB_PATH",
        "GIO_EXTRA_MODULES",
        "GDK_PIXBUF_MODULE_FILE",
        "GTK_PATH",
    )
    environment = dict.fromkeys(meant_for_gimp, "/gimp") | {"HOME": "/home", "LANG": "C", "OMP_NUM_THREADS": "2"}
    kept = worker_environment(environment)
    assert kept == {"HOME": "/home", "LANG": "C", "OMP_NUM_THREADS": "2", "PYTHONSAFEPATH": "1"}


def test_the_worker_gets_that_environment_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setenv("GI_TYPELIB_PATH", "/gimp")
    monkeypatch.setenv("PHOTOCHROM_TEST", "kept")
    script = script_worker(tmp_path, f'env > "{tmp_path}/environment"')
    assert "ended too early" in complaint(script)
    seen = (tmp_path / "environment").read_text(encoding="utf-8").splitlines()
    assert "PHOTOCHROM_TEST=kept" in seen
    assert "PYTHONSAFEPATH=1" in seen
    assert not [line for line in seen if line.startswith("GI_TYPELIB_PATH")]


def test_a_large_picture_takes_little_memory_in_the_plug_in(tmp_path):
    worker = made_up_worker(
        tmp_path,
        """
say(HELLO)
request = json.loads(sys.stdin.buffer.readline())
count, zeros = request["bytes"], bytes(1 << 20)
while count:
    count -= len(sys.stdin.buffer.read(min(count, len(zeros))))
say(result(request, request["bytes"]))
for _ in range(request["bytes"] >> 20):
    sys.stdout.buffer.write(zeros)
sys.stdout.flush()
hear()
""",
    )
    program = f"""
import resource
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import Picture, Settings
from photochrom_filter.worker_client import WorkerClient

def most() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

shape = Picture(width=1 << 13, height=1 << 13, channels=4, depth="u8")
strip = bytes(1 << 20)
with WorkerClient(Interpreter(python={worker.python!r}, photochrom="", protocol={PROTOCOL})) as worker:
    before = most()
    worker.colorize(shape, Settings(), (strip for _ in range(256)), into=len)
    print(most() - before)
"""
    environment = os.environ | {"PYTHONPATH": str(PLUG_IN)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    grown = int(result.stdout)
    assert grown < 16  # of 256 MiB in and 256 MiB out


def test_the_record_of_the_interpreter_is_read(tmp_path):
    path = tmp_path / "interpreter.json"
    path.write_text('{"python": "/opt/python", "photochrom": "0.1.0", "protocol": 1, "more": []}', encoding="utf-8")
    assert Interpreter.read(path) == Interpreter(python="/opt/python", photochrom="0.1.0", protocol=1)


def test_a_missing_record_says_what_to_do(tmp_path):
    path = tmp_path / "interpreter.json"
    with pytest.raises(WorkerError) as caught:
        Interpreter.read(path)
    assert str(caught.value) == (
        f"the plug-in does not know which Python has photochrom ({path} is missing); {INSTALL}"
    )


@pytest.mark.parametrize(
    "record", ["", "{", "[]", "{}", '{"python": 3, "photochrom": "1", "protocol": 1}', "\0", '{"python": "/usr"}']
)
def test_a_damaged_record_says_what_to_do(tmp_path, record):
    path = tmp_path / "interpreter.json"
    path.write_text(record, encoding="utf-8")
    with pytest.raises(WorkerError) as caught:
        Interpreter.read(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(INSTALL)
