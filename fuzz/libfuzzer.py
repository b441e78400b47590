"""Runs one target under libFuzzer, in a process of its own: `fuzz.py` starts it.

python fuzz/libfuzzer.py TARGET [libFuzzer's arguments]
"""

import resource
import sys

import atheris

MEMORY_LIMIT = 6 << 30
"""Address space of the process [bytes]: what wants more gets an error and not the machine's memory."""

with atheris.instrument_imports(include=["photochrom"]):
    import cv2

    from mutators import MUTATORS
    from targets import attempt


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    target = sys.argv.pop(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def one_input(data: bytes) -> None:
        attempt(target, data)

    if target in MUTATORS:
        mutator = MUTATORS[target]

        def mutate(data: bytes, max_size: int, seed: int) -> bytes:
            return mutator(bytes(data), max_size, seed, atheris.Mutate)

        atheris.Setup(sys.argv, one_input, custom_mutator=mutate)
    else:
        atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
