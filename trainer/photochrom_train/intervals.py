"""Figures of a set of photographs with bootstrap confidence intervals.

A figure is any function of the means of columns, such as a ratio of two means; photographs are drawn with replacement,
all their columns together. A photograph may lack a column (NaN).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
"""How many times the photographs are drawn anew."""

CONFIDENCE = 0.95
"""Share of the resamples inside an interval."""

Means = Mapping[str, NDArray[np.float64]]
Figure = Callable[[Means], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its confidence interval."""

    value: float
    low: float
    high: float


def bootstrap(rows: list[dict[str, float]], figures: Mapping[str, Figure], seed: int) -> dict[str, Interval]:
    """Every figure that the rows allow, with its percentile interval.

    Args:
        rows: the columns of each photograph; at least one row, all with the same columns.
        figures: by name.
        seed: of the resampling.

    Source:
        Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    """
    columns = list(rows[0])
    values = np.array([[row[column] for column in columns] for row in rows])
    present = ~np.isnan(values)
    values = np.where(present, values, 0)
    count = len(rows)
    random = np.random.default_rng(seed)
    draws = [np.ones(count)] + [random.multinomial(count, np.full(count, 1 / count)) for _ in range(RESAMPLES)]
    with np.errstate(divide="ignore", invalid="ignore"):
        table = np.array([(draw @ values) / (draw @ present) for draw in draws])
        means = {column: table[:, at] for at, column in enumerate(columns)}
        samples = {name: figure(means) for name, figure in figures.items()}
    return {name: _interval(sample) for name, sample in samples.items() if np.isfinite(sample[0])}


def _interval(sample: NDArray[np.float64]) -> Interval:
    """The interval of a figure's value (first) and its resamples; those without a value are left out."""
    drawn = sample[1:][np.isfinite(sample[1:])]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if drawn.size else (np.nan, np.nan)
    return Interval(float(sample[0]), float(low), float(high))
