"""One picture of photographs before and after: each original beside its result, pairs in rows.

    python benchmarks/before_after.py samples demo -o demo/before-after.jpg

Results are matched with originals by the name without its suffix.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]

GAP = 8
"""White between pairs [pixels]; a quarter of it between the two of a pair."""


def read(path: Path) -> UInt8:
    """A picture file as BGR."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{path} is not a picture that OpenCV can read")
    return np.asarray(bgr, np.uint8)


def row(pairs: Sequence[tuple[UInt8, UInt8]], width: int) -> UInt8:
    """Pairs of pictures beside each other, all at the height at which they fill `width`."""
    gaps = [GAP // 4, GAP] * len(pairs)
    pictures = [picture for both in pairs for picture in both]
    # The second of a pair stands for as much as the first, whatever its size.
    aspects = [both[0].shape[1] / both[0].shape[0] for both in pairs for _ in both]
    height = max(1, int((width - sum(gaps[:-1])) / sum(aspects)))
    line = np.full((height, width, 3), 255, np.uint8)
    left = 0
    for picture, aspect, gap in zip(pictures, aspects, gaps, strict=True):
        columns = max(1, int(aspect * height))
        line[:, left : left + columns] = cv2.resize(picture, (columns, height), interpolation=cv2.INTER_AREA)
        left += columns + gap
    return line


def sheet(pairs: Sequence[tuple[UInt8, UInt8]], columns: int, width: int) -> UInt8:
    """Rows of `columns` pairs under each other."""
    lines: list[UInt8] = []
    for start in range(0, len(pairs), columns):
        lines += [row(pairs[start : start + columns], width), np.full((GAP, width, 3), 255, np.uint8)]
    return np.vstack(lines[:-1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the picture that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("originals", type=Path, help="folder of the photographs")
    parser.add_argument("results", type=Path, help="folder of their colour versions")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the picture to write")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names without suffix, in this order [all, by name]")
    parser.add_argument("--width", type=int, default=1600, help="of the picture to write, in pixels [%(default)s]")
    parser.add_argument("--columns", type=int, default=2, help="pairs in a row [%(default)s]")
    options = parser.parse_args(arguments)

    results = {path.stem: path for path in options.results.iterdir() if path != options.output}
    originals = {path.stem: path for path in sorted(options.originals.iterdir()) if path.stem in results}
    names = options.only or list(originals)
    missing = [name for name in names if name not in originals]
    if missing or not names:
        print(f"no photograph with a result: {', '.join(missing) or options.originals}", file=sys.stderr)
        return 1
    pairs = [(read(originals[name]), read(results[name])) for name in names]
    if not cv2.imwrite(str(options.output), sheet(pairs, options.columns, options.width)):
        print(f"{options.output} could not be written", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
