"""Workers to try the plug-in's client with: the real one, and programs that misbehave in its place."""

import sys
from pathlib import Path

import photochrom
import photochrom_filter
import photochrom_models
from photochrom_filter.interpreter import Interpreter
from photochrom_filter.messages import PROTOCOL

PLUG_IN = Path(photochrom_filter.__path__[0]).parent
"""The plug-in's folder."""

_HELLO = f"""
import json, os, sys, time

def say(message, payload=b""):
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\\n" + payload)
    sys.stdout.buffer.flush()

def hear():
    request = json.loads(sys.stdin.buffer.readline())
    return request, sys.stdin.buffer.read(request.get("bytes", 0))

HELLO = {{"hello": "photochrom", "protocol": {PROTOCOL}, "version": "9.9", "models": []}}

def result(request, size, **other):
    facts = {{"channels": 3, "device": "cpu", "note": "", "seconds": {{}}, "confidence_bytes": 0}} | other
    return {{"id": request["id"], "result": facts, "bytes": size}}

"""
"""What the programs begin with: the protocol in a few lines."""


def real_worker(folder: Path, *, sitecustomize: str = "") -> Interpreter:
    """This Python, as one that has photochrom, whatever this process found it through.

    Args:
        folder: where the interpreter, a script, is made.
        sitecustomize: a program that Python runs before everything else.
    """
    (folder / "sitecustomize.py").write_text(sitecustomize, encoding="utf-8")
    roots = [folder, *(Path(package.__path__[0]).parent for package in (photochrom, photochrom_models))]
    script = f'#!/bin/sh\nPYTHONPATH="{":".join(map(str, roots))}" exec "{sys.executable}" "$@"\n'
    return _interpreter(folder / "python", script)


def made_up_worker(folder: Path, program: str) -> Interpreter:
    """A worker that is this program, whose first lines give it say, hear, HELLO and result."""
    path = folder / "made_up_worker.py"
    path.write_text(_HELLO + program, encoding="utf-8")
    return script_worker(folder, f'exec "{sys.executable}" "{path}"')


def script_worker(folder: Path, script: str) -> Interpreter:
    """A shell script in place of the interpreter."""
    return _interpreter(folder / "script", f"#!/bin/sh\n{script}\n")


def _interpreter(path: Path, text: str) -> Interpreter:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return Interpreter(python=str(path), photochrom=photochrom.__version__, protocol=PROTOCOL)
