"""How far do colours bleed over edges when chroma comes from a small grid, and what does preventing it cost?

    python benchmarks/chroma_enlargement.py -o docs/images/chroma_enlargement.jpg

Takes photographs in colour (scikit-image's, CC0 and public domain) and an edge between two colours, shrinks their true
chroma to a grid, enlarges it again in five ways with the full-size lightness at hand, and prints what became of it. A
network's own chroma is less sharp than a shrunken truth, so every row is also done with the grid's chroma blurred. The
picture shows the places where the linear way bleeds most.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from photochrom.bench.machine import description
from photochrom.colour.lab import Float32, Pixels, merge_lab, split_lab, to_srgb
from photochrom.painting.enlarge import ChromaEnlarger

Enlarge = Callable[[Float32, Float32, Float32], Float32]
"""From the grid's chroma (2, h, w), its L* (h, w) and the full-size L* (H, W) to full-size chroma (2, H, W)."""

STEEP = 25.0
"""Difference between neighbouring cells from which they lie at an edge [L*]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A picture whose chroma is known at full size, cut to whole cells."""

    name: str
    lightness: Float32
    """(H, W) L*."""
    chroma: Float32
    """(2, H, W) a* and b*."""
    cell: int
    """Side of a cell of the grid [pixels]."""
    blur: float
    """Standard deviation by which the grid's chroma is blurred [cells]."""

    def grid(self) -> tuple[Float32, Float32]:
        """Chroma (2, h, w) and L* (h, w) on the grid."""
        height, width = self.lightness.shape
        size = (width // self.cell, height // self.cell)
        planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (self.lightness, *self.chroma)]
        chroma = [cv2.GaussianBlur(plane, (0, 0), self.blur) if self.blur else plane for plane in planes[1:]]
        return np.stack(chroma).astype(np.float32), np.asarray(planes[0], np.float32)


def linear(chroma: Float32, _: Float32, lightness_: Float32) -> Float32:
    """What everybody does: bilinear, blind to edges."""
    height, width = lightness_.shape
    return np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in chroma])


def guided_full(chroma: Float32, guide: Float32, lightness_: Float32) -> Float32:
    """The guided filter of OpenCV's contrib modules over linearly enlarged chroma, at full size."""
    radius = round(lightness_.shape[1] / guide.shape[1])
    planes = linear(chroma, guide, lightness_)
    return np.stack([cv2.ximgproc.guidedFilter(lightness_, plane, radius, 2.0) for plane in planes])


def guided_fast(chroma: Float32, guide: Float32, lightness_: Float32) -> Float32:
    """He and Sun's fast guided filter as published: lines fitted on the grid, enlarged, applied at full size."""
    height, width = lightness_.shape
    mean = cv2.blur(guide, (3, 3))
    variance = cv2.blur(guide * guide, (3, 3)) - mean * mean
    enlarged = []
    for plane in chroma:
        plane_mean = cv2.blur(plane, (3, 3))
        slope = (cv2.blur(guide * plane, (3, 3)) - mean * plane_mean) / (variance + 4)
        lines = [cv2.blur(line, (3, 3)) for line in (slope, plane_mean - slope * mean)]
        slope, offset = (cv2.resize(line, (width, height), interpolation=cv2.INTER_LINEAR) for line in lines)
        enlarged.append(slope * lightness_ + offset)
    return np.stack(enlarged).astype(np.float32)


def photochrom(chroma: Float32, guide: Float32, lightness_: Float32) -> Float32:
    """What photochrom does."""
    height, width = lightness_.shape
    return ChromaEnlarger(chroma, guide, (height, width)).rows(slice(0, height), lightness_)


def photochrom_large(chroma: Float32, guide: Float32, lightness_: Float32) -> Float32:
    """What photochrom does of a large photograph: the same for every second row and column, four pixels to a tint."""
    height, width = lightness_.shape
    size = (-(-width // 2), -(-height // 2))
    few = np.asarray(cv2.resize(lightness_, size, interpolation=cv2.INTER_AREA), np.float32)
    tints = photochrom(chroma, guide, few) / (few + 16)
    wide: Float32 = tints.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width] * (lightness_ + 16)
    return wide


WAYS: dict[str, Enlarge] = {
    "linear": linear,
    "guided filter, full size": guided_full,
    "fast guided filter": guided_fast,
    "photochrom": photochrom,
    "photochrom, large photographs": photochrom_large,
}


def photographs() -> Iterator[tuple[str, Float32]]:
    """Names and float BGR of photographs in colour."""
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        rgb = getattr(data, name)()
        yield name, np.ascontiguousarray(rgb[:, :, ::-1], np.float32) / np.float32(255)


def edges() -> Iterator[tuple[str, Float32, Float32]]:
    """Lightness and chroma of edges between a dark and a light colour, with texture, at several angles."""
    rng = np.random.default_rng(0)
    side = 512
    y, x = np.mgrid[:side, :side] - side / 2
    for angle in (0.0, 0.2, 0.7, 1.2, 2.0):
        light = np.clip((x * np.cos(angle) + y * np.sin(angle)) / 1.5 + 0.5, 0, 1)
        texture = cv2.GaussianBlur(rng.normal(0, 1, (side, side)), (0, 0), 1.5)
        chroma = np.multiply.outer((40, 30), 1 - light) + np.multiply.outer((-20, -40), light)
        shades = 35 + 40 * light + 3 * texture / texture.std()
        yield f"edge at {angle:g} rad", shades.astype(np.float32), chroma.astype(np.float32)


def scenes(cells: int, blur: float) -> Iterator[tuple[str, Scene]]:
    """Kind and scene, with about `cells` cells to the longer side."""

    def scene(name: str, shades: Float32, chroma: Float32) -> Scene:
        cell = max(shades.shape) // cells
        height, width = (side // cell * cell for side in shades.shape)
        return Scene(
            name=name, lightness=shades[:height, :width], chroma=chroma[:, :height, :width], cell=cell, blur=blur
        )

    for name, bgr in photographs():
        yield "photographs", scene(name, *split_lab(bgr))
    for name, shades, chroma in edges():
        yield "two colours", scene(name, shades, chroma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What became of a scene's chroma."""

    error: float
    """Mean distance from the true a* and b*."""
    bleeding: float
    """The same, only in cells at edges of lightness."""
    halo: float
    """How far the most colourful 0.1 % of pixels go beyond any true colour within two cells."""


def score(scene: Scene, found: Float32) -> Score:
    """Compare chroma with the truth."""
    _, guide = scene.grid()
    distance = np.hypot(*(found - scene.chroma))
    gradient = cv2.morphologyEx(guide, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    steep = np.kron(gradient > STEEP, np.ones((scene.cell, scene.cell), bool))
    around = np.ones((4 * scene.cell + 1, 4 * scene.cell + 1), np.uint8)
    beyond = np.hypot(*found) - cv2.dilate(np.hypot(*scene.chroma), around)
    return Score(
        error=float(distance.mean()),
        bleeding=float(distance[steep].mean()) if steep.any() else float("nan"),
        halo=max(0.0, float(np.percentile(beyond, 99.9))),
    )


def milliseconds_per_megapixel(way: Enlarge) -> float:
    """Processor time of one way on one thread, median of five, at 12 megapixels from a grid of 160 x 120."""
    rng = np.random.default_rng(0)
    chroma = rng.uniform(-40, 40, (2, 120, 160)).astype(np.float32)
    guide = rng.uniform(0, 100, (120, 160)).astype(np.float32)
    full = np.asarray(cv2.resize(guide, (4000, 3000), interpolation=cv2.INTER_CUBIC), np.float32)
    times = []
    for _ in range(5):
        # In strips, as the program works; but the guided filter at full size knows no strips.
        parts = [full] if way is guided_full else np.array_split(full, 184)
        start = time.process_time()
        for part in parts:
            way(chroma, guide, part)
        times.append(time.process_time() - start)
    return float(np.median(times)) * 1000 / 12


def bgr_of(shades: Float32, chroma: Float32) -> Pixels:
    """8-bit BGR of L*, a* and b*."""
    y = np.where(shades > 8, ((shades + 16) / 116) ** 3, shades * (27 / 24389)).astype(np.float32)
    return to_srgb(y, merge_lab(y, chroma), np.dtype(np.uint8))


def strip(scene: Scene, side: int, zoom: int) -> Pixels:
    """Original, linear, photochrom: the square of a scene where the linear way is most wrong."""
    chroma, guide = scene.grid()
    results = [scene.chroma, *(way(chroma, guide, scene.lightness) for way in (linear, photochrom))]
    wrong = cv2.blur(np.hypot(*(results[1] - scene.chroma)), (side, side))
    inside = wrong[side // 2 : -side // 2, side // 2 : -side // 2]
    top, left = np.unravel_index(np.argmax(inside), inside.shape)
    views = []
    for found in results:
        square = bgr_of(scene.lightness, found)[top : top + side, left : left + side]
        view = cv2.resize(square, (side * zoom, side * zoom), interpolation=cv2.INTER_CUBIC)
        views += [view, np.full((side * zoom, 6, 3), 255, np.uint8)]
    return np.hstack(views[:-1])


def sheet(cells: int) -> Pixels:
    """One strip for each photograph under a line of captions."""
    side, zoom = 160, 2
    strips = [strip(scene, side, zoom) for kind, scene in scenes(cells, 0) if kind == "photographs"]
    caption = np.full((32, strips[0].shape[1], 3), 255, np.uint8)
    for index, text in enumerate(("original", "enlarged linearly", "enlarged by photochrom")):
        left = index * (side * zoom + 6) + 6
        cv2.putText(caption, text, (left, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    gap = np.full((6, strips[0].shape[1], 3), 255, np.uint8)
    return np.vstack([caption, *(part for one in strips for part in (one, gap))][:-1])


def print_scores(cells: int) -> None:
    """Print how every way does on grids of about `cells` cells to the longer side."""
    print(f"\nGrid of about {cells} cells to the longer side:\n")
    print("| scene | grid's chroma | way | error | bleeding | halo |")
    print("|---|---|---|---|---|---|")
    for blur, quality in ((0.0, "true"), (1.0, "blurred by a cell")):
        every = list(scenes(cells, blur))
        for kind in dict.fromkeys(kind for kind, _ in every):
            for name, way in WAYS.items():
                scores = [score(scene, way(*scene.grid(), scene.lightness)) for other, scene in every if other == kind]
                means = [np.nanmean([getattr(one, key) for one in scores]) for key in ("error", "bleeding", "halo")]
                print(f"| {kind} | {quality} | {name} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison, and write the picture where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("-o", "--output", type=Path, help="the picture to write (.jpg or .png)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    print(description())
    for cells in (160, 32):
        print_scores(cells)
    print("\n| way | processor time [ms per megapixel] |")
    print("|---|---|")
    for name, way in WAYS.items():
        if way is photochrom_large:
            continue  # its time is painting's, which does other things at once: see `performance.py`
        print(f"| {name} | {milliseconds_per_megapixel(way):.1f} |")
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(options.output), sheet(32), [cv2.IMWRITE_JPEG_QUALITY, 88]):
            raise SystemExit(f"{options.output} cannot be written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
