"""An evaluation as Markdown tables, for the terminal and for model cards."""

from collections.abc import Iterable

from photochrom_train.evaluation import ALL, PICTURES, Evaluation, Group
from photochrom_train.intervals import Interval

_HEADINGS = {"grey": "grey", "mean_colour": "mean colour of the lightness", "result": "network", "truth": "truth"}

_FIGURES = {
    "psnr": ("PSNR [dB]", 2),
    "ssim": ("SSIM", 4),
    "delta_e": ("ΔE*ab", 2),
    "delta_e00": ("ΔE00", 2),
    "colourfulness": ("colourfulness", 1),
    "top1": ("recognised at first guess [share]", 3),
    "probability": ("probability of the right class", 3),
    "top1_won_back": ("recognition won back [share of the loss]", 3),
    "probability_won_back": ("probability won back [share of the loss]", 3),
}

_CHECKS = {
    "psnr_gain": ("PSNR above grey [dB]", 2),
    "delta_e_ratio": ("ΔE*ab over grey's", 3),
    "colourfulness_ratio": ("mean colourfulness over the truth's", 3),
    "result.bleeding": ("bleeding over borders", 3),
    "linear.bleeding": ("the same, chroma enlarged linearly", 3),
    "result.border_error": ("error of a*b* on borders", 2),
    "linear.border_error": ("the same, chroma enlarged linearly", 2),
    "calibration_error": ("calibration error of the confidence", 3),
    "lightness_share": ("pixels whose L* changed by more than a level [share]", 6),
}

_BY_SOURCE = {
    "psnr_gain": ("PSNR above grey [dB]", 2),
    "delta_e_ratio": ("ΔE*ab over grey's", 3),
    "colourfulness_ratio": ("colourfulness over the truth's", 3),
}


def tables(evaluation: Evaluation) -> str:
    """Four tables: pictures against the truth, checks, sources, and what was measured with what."""
    whole = evaluation.groups[ALL]
    interval = f"{evaluation.confidence:.0%} bootstrap interval"
    return "\n\n".join(
        [
            f"{whole.photographs} photographs, {len(evaluation.unreadable)} unreadable; mean ({interval}). "
            f"{whole.recognisable} of them show a known ImageNet class.",
            _pictures(whole),
            _checks(whole),
            _sources(evaluation.groups),
            _circumstances(evaluation),
        ]
    )


def _pictures(group: Group) -> str:
    kinds = (*PICTURES, "truth")

    def line(name: str, title: str, digits: int) -> list[str]:
        return [title, *(_cell(group.figures.get(f"{kind}.{name}"), digits) for kind in kinds)]

    rows = [line(name, title, digits) for name, (title, digits) in _FIGURES.items()]
    return table(["", *(_HEADINGS[kind] for kind in kinds)], (row for row in rows if any(row[1:])))


def _checks(group: Group) -> str:
    rows = [[title, _cell(group.figures.get(name), digits)] for name, (title, digits) in _CHECKS.items()]
    rows.append(["largest change of L* [8-bit levels]", f"{group.largest_lightness_change:.2f}"])
    return table(["check", "network"], (row for row in rows if row[1]))


def _sources(groups: dict[str, Group]) -> str:
    headings = ["source", "photographs", *(title for title, _ in _BY_SOURCE.values())]
    rows = (
        [name, str(group.photographs)]
        + [_cell(group.figures.get(figure), digits) for figure, (_, digits) in _BY_SOURCE.items()]
        for name, group in groups.items()
    )
    return table(headings, rows)


def _circumstances(evaluation: Evaluation) -> str:
    model = evaluation.model
    facts = {
        "network": f"{model['name']} {model['version']}, sha256 `{model['sha256']}`",
        "photographs": "; ".join(f"{source['name']}, sha256 `{source['sha256']}`" for source in evaluation.sources),
        "ran on": f"{evaluation.device}, engine {evaluation.engine}",
        "versions": ", ".join(f"{name} {version}" for name, version in evaluation.versions.items()),
        "resampling": f"{evaluation.resamples} times, seed {evaluation.seed}",
    }
    return table(["", ""], ([name, fact] for name, fact in facts.items()))


def _cell(figure: Interval | None, digits: int) -> str:
    if figure is None:
        return ""
    value, low, high = (f"{number:.{digits}f}" for number in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def table(headings: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line).replace("*", r"\*") + " |" for line in lines)
