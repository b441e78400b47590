"""What an evaluation measured, and its file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from photochrom_train.intervals import Interval

EVALUATION_FILE = "evaluation.json"
"""Its name in the folder of an evaluation."""

PICTURES = ("grey", "mean_colour", "result")
"""What is measured against the truth: the two baselines and the network's result."""

ALL = "all"
"""The group of all photographs; the other groups are the sources that shards name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of some photographs."""

    photographs: int
    recognisable: int
    """Photographs with a known ImageNet class."""
    largest_lightness_change: float
    """Of any pixel of any photograph [8-bit levels of L*]."""
    figures: dict[str, Interval]
    """By name; figures that these photographs do not allow are absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything that was measured, and on what."""

    model: dict[str, str | int]
    """Name, version, sha256 and cost from the contract."""
    sources: list[dict[str, str]]
    """Name and sha256 of each folder or shard."""
    unreadable: list[str]
    """Photographs left out, with the reason."""
    seed: int
    resamples: int
    confidence: float
    """Share of the resamples inside the intervals."""
    versions: dict[str, str]
    device: str
    engine: str
    groups: dict[str, Group]
    """`ALL`, then one per source."""

    def to_json(self) -> str:
        """The evaluation as the text of its file."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_evaluation(file: Path) -> Evaluation:
    """What `Evaluation.to_json` wrote.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        groups = {
            name: Group(**{**group, "figures": {key: Interval(**value) for key, value in group["figures"].items()}})
            for name, group in table.pop("groups").items()
        }
        return Evaluation(groups=groups, **table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is no evaluation, or a damaged one; run `photochrom-train evaluate` again") from error
