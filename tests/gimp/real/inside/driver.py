"""Calls functions inside GIMP as a test asks for them: what GIMP's Python batch interpreter runs during the tests.

A request is a line of JSON, ``{"script": "pixels", "function": "…", "arguments": {…}}``: the function of that name in
the file ``pixels.py`` beside this one. The answer is ``{"value": …}`` with what it returned, or ``{"error": …}`` with
the traceback. When the test hangs up, the batch ends, and with it GIMP.
"""

import importlib.util
import json
import socket
import traceback
from pathlib import Path
from types import ModuleType

SOCKET = "/lab/driver.sock"


def load(script: str) -> ModuleType:
    """A fresh module from a file beside this one."""
    spec = importlib.util.spec_from_file_location(script, Path(__file__).with_name(f"{script}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(f"{script}.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(line: str) -> dict[str, object]:
    """What one request gives."""
    try:
        request = json.loads(line)
        function = getattr(load(request["script"]), request["function"])
        return {"value": function(**request["arguments"])}
    except Exception:  # noqa: BLE001  (whatever a test's function raises belongs to the test)
        return {"error": traceback.format_exc()}


def main() -> None:
    """Serve the one test that connects, until it hangs up."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(SOCKET)
        server.listen(1)
        connection, _ = server.accept()
    with connection, connection.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            lines.write(json.dumps(answer(line)) + "\n")
            lines.flush()


if __name__ == "__main__":
    main()
