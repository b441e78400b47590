"""A report for people: one HTML file with the photographs before and after, made while a conversion runs.

The pictures wait in a file without a name beside the report, so that memory does not grow with their number and a run
that is killed leaves nothing; the report appears complete or not at all.
"""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import ConvertReport, FileResult, Progress
from photochrom.errors import ImageError, JobError, shown
from photochrom.files.output_file import Existing, is_there, write_file
from photochrom.report.report_page import page_html, photograph_html

MOST_PICTURES: Final = 500
"""How many photographs are shown: the first that are done, then those that were there already. More open slowly."""
PREVIEW_SIDE: Final = 640
"""Longer side of the previews that suit the page, for `ConvertOptions.preview_side` [pixels]."""


class HtmlReport:
    """A report in the making; as a context it is written also where an error ends the conversion.

    Examples:
        with HtmlReport(Path("report.html"), options) as page:
            page.finish(convert(paths, out, options, on_progress=page.add))
    """

    def __init__(self, path: Path, options: ConvertOptions) -> None:
        """Settle where the report goes, before anything is converted; its folder is made as needed.

        Args:
            path: where to, with the suffix .html or .htm; a report that is there already is replaced, unless the
                options refuse to.
            options: of the conversion; photographs are shown where they set ``preview_side``.

        Raises:
            JobError: no report can be written there.
        """
        if path.suffix.lower() not in {".html", ".htm"}:
            raise JobError(f"{shown(path)}: the report is a page: give a name that ends in .html")
        self._path = path
        self._options = options
        self._existing: Existing = "refuse" if options.existing == "refuse" else "overwrite"
        self._begun = datetime.now(UTC).astimezone()
        self._begin = time.monotonic()
        self._results: list[FileResult] = []
        self._remaining = 0
        self._places: dict[FileResult, tuple[int, int]] = {}
        self._fault: OSError | None = None
        self._finished = False
        try:
            if is_there(path) and self._existing == "refuse":
                raise JobError(f"{shown(path)}: exists already; --overwrite and --skip-existing write it anew")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._pictures = TemporaryFile(dir=path.parent)  # noqa: SIM115 (closed by __exit__)
        except ImageError as error:
            raise JobError(str(error)) from None
        except (FileExistsError, NotADirectoryError):
            raise JobError(f"{shown(path)}: lies below a file, where a folder is needed") from None
        except OSError as error:
            raise self._unwritable(error) from None

    def add(self, progress: Progress) -> None:
        """Take note of what became of a photograph: what `photochrom.convert` is given as ``on_progress``.

        Never raises: a disk that is full here is no reason to convert no more; `finish` tells.
        """
        self._remaining = progress.total - progress.finished
        result, preview = progress.result, progress.preview
        if result is None:
            return
        self._results.append(result)
        if preview is not None and self._fault is None and self._has_room(result):
            text = photograph_html(result, preview).encode()
            try:
                place = self._pictures.seek(0, os.SEEK_END)
                self._pictures.write(text)
                self._pictures.flush()
            except OSError as error:
                self._fault = error
            else:
                self._places[result] = (place, len(text))

    def finish(self, report: ConvertReport) -> None:
        """Write the page of a conversion that came to its end or was cancelled.

        Raises:
            JobError: it cannot be written; nothing is left behind.
        """
        self._write(report)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._results and not self._finished:
            with suppress(JobError):  # what ended the conversion matters more
                self._write(self._unfinished(), broken_off=str(error) or type(error).__name__)
        with suppress(OSError):  # the bytes that a full disk did not take
            self._pictures.close()

    def _has_room(self, result: FileResult) -> bool:
        """Whether a photograph can be shown; one that is new, also in the place of one that was there already."""
        if len(self._places) == MOST_PICTURES and result.status == "done":
            old = next((each for each in self._places if each.status == "skipped"), None)
            if old is not None:
                del self._places[old]
        return len(self._places) < MOST_PICTURES

    def _unfinished(self) -> ConvertReport:
        """What is known of a conversion that gave no report."""
        return ConvertReport(
            results=tuple(self._results),
            remaining=self._remaining,
            passed_over=0,
            model=str(self._options.model),
            device=self._options.device,
            engine=self._options.engine,
            seconds=time.monotonic() - self._begin,
        )

    def _write(self, report: ConvertReport, *, broken_off: str = "") -> None:
        """Write the page, its photographs in the order of the report."""
        self._finished = True
        if self._fault is not None:
            raise self._unwritable(self._fault)
        pictured = [result for result in report.results if result in self._places]
        head, foot = page_html(
            report, self._options, begun=self._begun, pictured=self._places.keys(), broken_off=broken_off
        )
        try:
            with TemporaryFile(dir=self._path.parent) as page:
                page.write(head.encode())
                for result in pictured:
                    place, length = self._places[result]
                    self._pictures.seek(place)
                    page.write(self._pictures.read(length))
                page.write(foot.encode())
                page.flush()
                with mmap(page.fileno(), 0, access=ACCESS_READ) as whole, memoryview(whole) as data:
                    write_file(self._path, data, existing=self._existing)
        except ImageError as error:
            raise JobError(str(error)) from None
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> JobError:
        return JobError(f"{shown(self._path)}: cannot be written: {error.strerror}")
