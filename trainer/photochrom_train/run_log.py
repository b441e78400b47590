"""The record of a run: a CSV row and TensorBoard scalars per report, and the curves as a PNG."""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from torch.utils.tensorboard import SummaryWriter


class RunLog:
    """Appends to `NAME.csv` in the run's folder and to TensorBoard's event files in `tensorboard/NAME`.

    Args:
        folder: the run's folder.
        name: "train" or "validation".
        columns: of the table, after `step`; values that a row lacks stay empty.
        keep_rows: rows already there that belong to the run (when resuming); later ones are dropped.
    """

    def __init__(self, folder: Path, name: str, columns: tuple[str, ...], keep_rows: int) -> None:
        self.file = folder / f"{name}.csv"
        self._name = name
        self._columns = ("step", *columns)
        kept = read_log(self.file)[:keep_rows]
        resumes_after = int(kept[-1]["step"]) if kept else 0
        self._tensorboard = SummaryWriter(str(folder / "tensorboard" / name), purge_step=resumes_after + 1)
        self.rows = len(kept)
        with self.file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, self._columns, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)

    def add(self, step: int, values: dict[str, float | str]) -> None:
        """Record values at a step of the whole run."""
        row = {name: f"{value:.5g}" if isinstance(value, float) else value for name, value in values.items()}
        with self.file.open("a", encoding="utf-8", newline="") as out:
            csv.DictWriter(out, self._columns, restval="", lineterminator="\n").writerow({"step": step, **row})
        self.rows += 1
        for name, value in values.items():
            if not isinstance(value, str):
                self._tensorboard.add_scalar(f"{self._name}/{name}", value, step)

    def close(self) -> None:
        """Flush TensorBoard's files."""
        self._tensorboard.close()


def read_log(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV log, by column; none where there is no file."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def draw_curves(folder: Path) -> Path:
    """`curves.png` of a run's folder: every numeric column of its CSV logs over the steps."""
    series: list[tuple[str, list[float], list[float]]] = []
    for name in ("train", "validation"):
        file = folder / f"{name}.csv"
        if not file.is_file():
            continue
        rows = read_log(file)
        for column in rows[0] if rows else {}:
            points = [(float(row["step"]), float(row[column])) for row in rows if _is_number(row[column])]
            if column != "step" and points:
                series.append((f"{name}: {column}", [x for x, _ in points], [y for _, y in points]))
    columns = 3
    lines_needed = max(1, -(-len(series) // columns))
    figure, axes = pyplot.subplots(lines_needed, columns, figsize=(4.2 * columns, 2.6 * lines_needed), squeeze=False)
    for axis in axes.flat[len(series) :]:
        axis.set_axis_off()
    for axis, (title, steps, values) in zip(axes.flat, series, strict=False):
        axis.plot(steps, values, linewidth=0.9)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    file = folder / "curves.png"
    figure.savefig(file, dpi=90)
    pyplot.close(figure)
    return file


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
