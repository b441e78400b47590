"""``python -m photochrom_filter.hello [PYTHON]``: whether the worker starts, asked as the filters ask it.

For the installer and the doctor, which run it in the plug-in's folder. Prints one JSON object: the worker's `Hello`, or
"error" with the sentence that a user of the filter would see.
"""

import json
import sys
from dataclasses import asdict

from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import PROTOCOL
from photochrom_filter.warm_worker import INTERPRETER
from photochrom_filter.worker_client import WorkerClient, WorkerError


def main(arguments: list[str]) -> dict[str, object]:
    """What the worker says, in the Python that is given or else in the one that was recorded."""
    try:
        if arguments:
            interpreter = Interpreter(python=arguments[0], photochrom="", protocol=PROTOCOL)
        else:
            interpreter = Interpreter.read(INTERPRETER)
        with WorkerClient(interpreter) as worker:
            return {"python": interpreter.python, **asdict(worker.hello)}
    except WorkerError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
