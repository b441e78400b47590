"""The record of a run: a CSV row and TensorBoard scalars per report, and the curves as a PNG."""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from torch.utils.tensorboard import SummaryWriter


class RunLog:
    """Appends to `NAME.csv` in the run's folder and to TensorBoard's event files beside it.

    Args:
        folder: the run's folder.
        name: "train" or "validation".
        keep_rows: rows already there that belong to the run (when resuming); later ones are dropped.
    """

    def __init__(self, folder: Path, name: str, keep_rows: int = 0) -> None:
        self.file = folder / f"{name}.csv"
        self._name = name
        self._tensorboard = SummaryWriter(str(folder / "tensorboard"), purge_step=keep_rows or None)
        kept = self.file.read_text(encoding="utf-8").splitlines()[: keep_rows + 1] if self.file.is_file() else []
        self._columns = kept[0].split(",") if kept else []
        self.rows = max(len(kept) - 1, 0)
        self.file.write_text("".join(line + "\n" for line in kept if keep_rows), encoding="utf-8")
        if not keep_rows:
            self._columns, self.rows = [], 0

    def add(self, step: int, values: dict[str, float | str]) -> None:
        """Record values at a step of the whole run; columns are those of the first row."""
        row: dict[str, float | str] = {"step": step, **values}
        with self.file.open("a", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            if not self._columns:
                self._columns = list(row)
                writer.writerow(self._columns)
            writer.writerow([_short(row.get(column, "")) for column in self._columns])
        self.rows += 1
        for name, value in values.items():
            if not isinstance(value, str):
                self._tensorboard.add_scalar(f"{self._name}/{name}", value, step)

    def close(self) -> None:
        """Flush TensorBoard's files."""
        self._tensorboard.close()


def _short(value: float | str) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def draw_curves(folder: Path) -> Path:
    """`curves.png` of a run's folder: every numeric column of its CSV logs over the steps."""
    series: list[tuple[str, list[float], list[float]]] = []
    for name in ("train", "validation"):
        file = folder / f"{name}.csv"
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        for column in (rows[0] if rows else {}):
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
