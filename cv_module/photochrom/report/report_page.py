"""The text of a report page: HTML around what became of photographs, with every foreign character made safe.

The frame, its style and its script lie in ``page/``. A page needs nothing from outside and may fetch nothing: its
policy allows the pictures inside it and this very style and script, known by their hashes.
"""

import base64
import hashlib
import html
from collections.abc import Collection
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import Final

import photochrom
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import ConvertReport, FileResult, Preview
from photochrom.errors import shown
from photochrom.files.formats import read_header
from photochrom.files.output_file import Existing

_PLACE: Final = "$photographs"
"""Where the photographs stand in the frame."""

_EXISTING: Final[dict[Existing, str]] = {
    "refuse": "refused, as failures",
    "skip": "left alone, their photographs skipped",
    "overwrite": "replaced",
}
"""What became of outputs that were there already."""


def photograph_html(result: FileResult, preview: Preview) -> str:
    """One photograph before and after, with its slider."""
    name = _text(shown(result.source))
    width, height = read_header(preview.before).upright_size
    size = f'width="{width}" height="{height}"'
    remark = "there already" if result.status == "skipped" else f"{result.width} × {result.height}"
    return (
        '<figure class="photograph">\n<div class="pair">\n'
        f"{_side('before', f'{name}, before', preview.before, size)}"
        f"{_side('colour', f'{name}, in colour', preview.after, size)}"
        '<input class="slider" type="range" min="0" max="100" value="50" step="any" '
        f'aria-label="{name}: edge between before and colour">\n'
        '<span class="edge" aria-hidden="true"></span>\n</div>\n'
        f"<figcaption><bdi>{name}</bdi> <span>{remark}</span></figcaption>\n</figure>\n"
    )


def page_html(
    report: ConvertReport,
    options: ConvertOptions,
    *,
    begun: datetime,
    pictured: Collection[FileResult],
    broken_off: str = "",
) -> tuple[str, str]:
    """A page up to where its photographs stand, and what follows them.

    Args:
        report: what became of all photographs.
        options: of the conversion.
        begun: when it began; with its time zone.
        pictured: the photographs that the page shows.
        broken_off: what ended the conversion too soon; empty: nothing did.
    """
    folder = files("photochrom.report") / "page"
    frame, style, script = ((folder / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    done = [result for result in report.results if result.status == "done"]
    skipped = [result for result in report.results if result.status == "skipped"]
    not_pictured = [result for result in done if result not in pictured]
    values = {
        "policy": (
            f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
            "base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        "script": script,
        "version": _text(photochrom.__version__),
        "title": _title(report),
        "subtitle": _subtitle(report, begun),
        "notice": _notice(report, broken_off),
        "counts": _counts(report),
        "failures": _failures(report.failures),
        "shown": f"{len(pictured):,} of {_photographs(len(done) + len(skipped))} in colour are shown here.",
        "not_pictured": _names("Colorized, not shown", not_pictured),
        "skipped": _names("Skipped", skipped),
        "settings": _settings(report, options),
    }
    head, foot = frame.split(_PLACE)
    return Template(head).substitute(values), Template(foot).substitute(values)


def _text(text: str) -> str:
    """Any text as HTML, with escapes for what is no character or would garble the page."""
    return html.escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text))


def _hash(text: str) -> str:
    """How a policy names a style or a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _side(kind: str, alternative: str, picture: bytes, size: str) -> str:
    data = base64.b64encode(picture).decode("ascii")
    return (
        f'<div class="side {kind}"><img src="data:image/webp;base64,{data}" alt="{alternative}" '
        f'{size} loading="lazy" decoding="async">'
        f'<span class="tag" aria-hidden="true">{kind}</span></div>\n'
    )


def _photographs(count: int) -> str:
    return "1 photograph" if count == 1 else f"{count:,} photographs"


def _title(report: ConvertReport) -> str:
    others = {
        "failed": report.count("failed"),
        "skipped": report.count("skipped"),
        "not done": report.remaining,
    }
    rest = "".join(f", {number:,} {name}" for name, number in others.items() if number)
    return f"{_photographs(report.count('done'))} colorized{rest}"


def _subtitle(report: ConvertReport, begun: datetime) -> str:
    when = f'<time datetime="{begun.isoformat(timespec="seconds")}">{begun.isoformat(" ", "minutes")}</time>'
    return f"{when} · {_duration(report.seconds)} · {_text(f'{report.model}, {report.engine} on {report.device}')}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def _notice(report: ConvertReport, broken_off: str) -> str:
    """What everyone must know of a conversion that did not come to its end; empty for one that did."""
    if broken_off:
        what = f"The conversion broke off: {_text(broken_off)}"
    elif report.remaining:
        what = "The conversion was stopped before its end."
    else:
        return ""
    rest = f"{_photographs(report.remaining)} not done: " if report.remaining else ""
    return (
        f'<p class="notice" role="note">{what}<br>{rest}the same command with <code>--skip-existing</code> '
        "goes on from here.</p>"
    )


def _counts(report: ConvertReport) -> str:
    failed = report.count("failed")
    counts = [("", "colorized", report.count("done")), (' class="bad"' if failed else "", "failed", failed)]
    counts.append(("", "skipped", report.count("skipped")))
    if report.remaining:
        counts.append(("", "not done", report.remaining))
    return "\n".join(f"<div{mark}><dt>{name}</dt><dd>{number:,}</dd></div>" for mark, name, number in counts)


def _failures(failures: Collection[FileResult]) -> str:
    if not failures:
        return ""
    entries = "\n".join(
        f"<li><bdi>{_text(path)}</bdi><p>{_text(failure.reason.removeprefix(f'{path}: '))}</p></li>"
        for failure in failures
        for path in [shown(failure.source)]
    )
    return (
        '<section aria-labelledby="failed">\n<h2 id="failed">Failed</h2>\n'
        f'<ul class="entries failures">\n{entries}\n</ul>\n</section>'
    )


def _names(heading: str, results: Collection[FileResult]) -> str:
    """A list that opens at a click; empty where there is nothing to list."""
    if not results:
        return ""
    entries = "\n".join(f"<li><bdi>{_text(shown(result.source))}</bdi></li>" for result in results)
    return (
        f"<details>\n<summary>{heading} ({len(results):,})</summary>\n"
        f'<ul class="entries">\n{entries}\n</ul>\n</details>'
    )


def _settings(report: ConvertReport, options: ConvertOptions) -> str:
    left_alone = f"{report.passed_over:,}, hidden or not named as images" if report.passed_over else "none"
    settings = {
        "Network": report.model,
        "Ran on": f"{report.device}, by {report.engine}",
        "Strength": f"{options.strength:g}",
        "Saturation": f"{options.saturation:g}",
        "Fading where uncertain": f"{options.fade_uncertain:g}",
        "Format": options.suffix or "as each photograph",
        "Depth": f"{options.depth} bits a channel" if options.depth else "as each photograph",
        "Quality of JPEG, WebP, AVIF": f"{options.quality}",
        "Confidence maps": shown(options.confidence_output) if options.confidence_output else "none",
        "Outputs there already": _EXISTING[options.existing],
        "Single photographs": f"keep their place below {shown(options.base)}" if options.base else "by name alone",
        "Share": f"{options.shard.number} of {options.shard.count}" if options.shard else "all photographs",
        "In work at once": f"{options.workers}" if options.workers else "one for each processor core",
        "Memory": f"{options.memory / 1e9:.2f} GB at most" if options.memory else "half of what was free at most",
        "Other files in the folders": left_alone,
    }
    return "\n".join(f"<dt>{name}</dt><dd><bdi>{_text(value)}</bdi></dd>" for name, value in settings.items())
