"""The inputs that every fuzzing begins with do no harm, and the targets still fit what they try."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "fuzz"


@pytest.mark.parametrize("corpus", sorted((FUZZ / "corpus").iterdir()), ids=lambda corpus: corpus.name)
def test_the_inputs_that_fuzzing_begins_with_do_no_harm(corpus: Path):
    done = subprocess.run(
        [sys.executable, FUZZ / "fuzz.py", corpus.name, "--replay", corpus], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{corpus.name}: {len(list(corpus.iterdir()))} inputs did no harm\n"
