"""Fuzzes what reads other people's bytes: contracts, networks, image files, metadata, colour profiles.

    python fuzz/fuzz.py networks --seconds 600     search for bytes that do harm
    python fuzz/fuzz.py networks --replay FILE...  try these bytes again; no atheris needed

What is found lies in build/fuzz/TARGET/findings; exit code 1 says that something was found. See fuzz/README.md.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from targets import CORPUS, TARGETS, attempt

ROOT: Final = Path(__file__).parent.parent
TIMEOUT: Final = 20
"""One input may take this long [s]."""
RSS_LIMIT: Final = 3000
"""The process may hold this much memory [MB]."""
PROCESS_SECONDS: Final = 150
"""How long one process searches [s]: atheris itself grows by some kilobytes with every input."""
MAX_BYTES: Final = 64 * 1024
"""Size of the largest input that is made."""


def main() -> int:
    """Run the program; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS))
    work = parser.add_mutually_exclusive_group(required=True)
    work.add_argument("--seconds", type=int, help="how long to search")
    work.add_argument("--replay", nargs="+", type=Path, metavar="FILE", help="inputs to try, folders of them too")
    options = parser.parse_args()
    if options.replay:
        return _replay(options.target, options.replay)
    return _search(options.target, options.seconds)


def _replay(target: str, paths: list[Path]) -> int:
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    for file in files:
        attempt(target, file.read_bytes())
    print(f"{target}: {len(files)} inputs did no harm")
    return 0


def _search(target: str, seconds: int) -> int:
    """Search for so long, in one process after the other; a finding ends one early."""
    work = ROOT / "build" / "fuzz" / target
    corpus, findings = work / "corpus", work / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    log = work / "log.txt"
    executions = 0
    known = set(findings.iterdir())
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) >= 1:
        arguments = [
            f"-max_total_time={min(left, PROCESS_SECONDS):.0f}",
            f"-timeout={TIMEOUT}",
            f"-rss_limit_mb={RSS_LIMIT}",
            f"-max_len={MAX_BYTES}",
            f"-artifact_prefix={findings}{os.sep}",
            "-print_final_stats=1",
            str(corpus),
            str(CORPUS / target),
        ]
        command = [sys.executable, str(Path(__file__).with_name("libfuzzer.py")), target, *arguments]
        with log.open("wb") as output:
            ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
        text = log.read_text(encoding="utf-8", errors="replace")
        executions += sum(map(int, re.findall(r"stat::number_of_executed_units: (\d+)", text)))
        if ended.returncode:
            print(*[line for line in text.splitlines() if not line.startswith("#")][-15:], sep="\n", flush=True)
    found = sorted(set(findings.iterdir()) - known)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{target}: {executions} executions in {usage.ru_utime + usage.ru_stime:.0f} s of processor time, "
        f"{len(list(corpus.iterdir()))} inputs in the corpus, {len(found)} findings"
    )
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
