"""Where a run ran: one line of JSON per start of the training program, in the run's folder."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from photochrom_train.config import Precision
from photochrom_train.distributed import World

SESSIONS_FILE = "sessions.jsonl"
"""Its name in the run's folder."""

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One start of the training program."""

    first_step: int
    """Steps of the whole run that were already done."""
    device: str
    """Name of the GPU, or of the processor."""
    cores: int
    """Logical processor cores of the machine."""
    processes: int
    torch: str
    python: str
    system: str
    precision: Precision | None = None
    """Arithmetic of the convolutions; older trainers did not say."""


def this_session(first_step: int, precision: Precision, world: World) -> Session:
    """The session that begins now."""
    gpu = torch.cuda.get_device_name(world.device) if world.device.type == "cuda" else None
    return Session(
        first_step=first_step,
        device=gpu or _processor(),
        cores=os.cpu_count() or 1,
        processes=world.size,
        torch=torch.__version__,
        python=platform.python_version(),
        system=platform.platform(terse=True),
        precision=precision,
    )


def remember_session(folder: Path, session: Session) -> None:
    """Add a session to the run's folder."""
    with _file(folder).open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(session)) + "\n")


def read_sessions(folder: Path) -> list[Session]:
    """All sessions of a run, in order; none where nothing was recorded.

    Raises:
        ValueError: the record is damaged.
    """
    file = _file(folder)
    if not file.is_file():
        return []
    try:
        return [Session(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file} is damaged; delete the lines of it that are no whole JSON") from error


def _file(folder: Path) -> Path:
    return folder / SESSIONS_FILE


def _processor() -> str:
    """The processor's name where Linux tells it, else its architecture."""
    lines = _CPU_INFO.read_text(encoding="utf-8").splitlines() if _CPU_INFO.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
