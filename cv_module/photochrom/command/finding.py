"""What a look at the installation found: one line for a person, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

_MARKS: Final = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    subject: str
    """What was looked at."""
    state: Literal["ok", "note", "wrong"]
    """Whether it is as it should be; a note is worth knowing and hinders nothing."""
    text: str
    """What was found."""
    remedy: str = ""
    """What to do."""


def print_findings(findings: Sequence[Finding]) -> int:
    """Print findings and how many of them are wrong; the exit code: 1 if any is, else 0."""
    for finding in findings:
        print(f"{_MARKS[finding.state]}  {finding.subject}: {finding.text}")
        if finding.remedy:
            print(f"       -> {finding.remedy}")
    wrong = count_wrong(findings)
    print(f"{wrong} found wrong" if wrong else "all is well")
    return 1 if wrong else 0


def count_wrong(findings: Sequence[Finding]) -> int:
    """How many findings are wrong."""
    return sum(finding.state == "wrong" for finding in findings)
