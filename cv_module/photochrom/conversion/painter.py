"""From the bytes of an image file to the photograph in colour, as the options of a conversion want it."""

from dataclasses import dataclass, replace

from photochrom.colorizer import Colorizer
from photochrom.colour.lab import Pixels
from photochrom.colour.photograph import check_photograph
from photochrom.colour.profile import result_profile
from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.preview import encode_preview, shrink
from photochrom.conversion.result import Preview
from photochrom.files.decoder import Picture, decode_image
from photochrom.files.depth import with_depth
from photochrom.files.header import Header
from photochrom.files.metadata import Metadata
from photochrom.painting.painting import Painting


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file that was read, but not decoded."""

    data: bytearray
    """Its bytes; emptied when they are decoded."""
    header: Header
    """What it says of its picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coloured:
    """A photograph in colour, ready to be encoded."""

    pixels: Pixels | Painting
    """(H, W, 3) BGR or (H, W, 4) BGRA; a painting where that was allowed."""
    metadata: Metadata
    """What to write with them."""
    confidence: Pixels | None
    """(H, W) grey of 8 bits, 255 for certainty; None: not wanted."""
    preview: Preview | None
    """Before and after; None: not wanted."""


class Painter:
    """A network, ready, with what is chosen about its colours; safe in several threads."""

    def __init__(self, options: ConvertOptions) -> None:
        """Load the network and run it once.

        Raises:
            ModelError: no such network, or it or its contract is damaged, or it does not keep its contract.
            DeviceError: the device or the engine is not to be had here.
        """
        self.options = options
        self.colorizer = Colorizer(options.model, device=options.device, engine=options.engine)
        self.colorizer.warm_up()

    def paint(self, file: ImageFile, *, with_map: bool, in_parts: bool) -> Coloured:
        """A photograph in colour.

        Args:
            file: the photograph's.
            with_map: whether its confidence map is wanted.
            in_parts: whether it will be taken in parts, so that it need not be there as a whole.

        Raises:
            ImageError: the photograph cannot be decoded, or is not acceptable.
            ModelError: the network does not keep its contract.
        """
        depth, side = self.options.depth, self.options.preview_side
        picture = _decode(file)
        pixels, metadata = check_photograph(picture.pixels), picture.metadata
        del picture  # its pixels go when those of the result are there
        before = None if side is None else encode_preview(shrink(pixels, side), metadata.icc)
        # To 16 bits before, so that the colours have them too; to 8 after, so that they are rounded once.
        if depth == 16:
            pixels = with_depth(pixels, 16)
        painting, confidence = self._colorize(pixels, metadata.icc, with_map=with_map)
        metadata = replace(metadata, icc=result_profile(metadata.icc))
        if isinstance(painting, Painting):
            if in_parts and before is None and depth in (None, 8 * pixels.itemsize):
                return Coloured(pixels=painting, metadata=metadata, confidence=None, preview=None)
            # Into the photograph's own array where that has room.
            painting = painting.whole(pixels if pixels.shape == painting.shape else None)
        after = None if side is None else encode_preview(shrink(painting, side), metadata.icc)
        return Coloured(
            pixels=painting if depth is None else with_depth(painting, depth),
            metadata=metadata,
            confidence=confidence,
            preview=None if before is None or after is None else Preview(before=before, after=after),
        )

    def review(self, before: ImageFile, after: ImageFile) -> Preview | None:
        """A preview of a photograph and its copy; None where none is wanted.

        Args:
            before: the photograph's file.
            after: its copy's.

        Raises:
            ImageError: one of them cannot be decoded.
        """
        side = self.options.preview_side
        if side is None:
            return None
        return Preview(before=_preview_of(before, side), after=_preview_of(after, side))

    def _colorize(self, pixels: Pixels, profile: bytes, *, with_map: bool) -> tuple[Pixels | Painting, Pixels | None]:
        """The photograph in colour, painted already where its confidence, in 8 bits, is wanted too."""
        strength, saturation, fading = self.options.strength, self.options.saturation, self.options.fade_uncertain
        if with_map:
            result = self.colorizer.predict(
                pixels, strength=strength, saturation=saturation, fade_uncertain=fading, profile=profile
            )
            return result.image, with_depth(result.confidence, 8)
        painting = self.colorizer.paint(
            pixels, strength=strength, saturation=saturation, fade_uncertain=fading, profile=profile
        )
        return painting, None


def _preview_of(file: ImageFile, side: int) -> bytes:
    picture = _decode(file)
    return encode_preview(shrink(check_photograph(picture.pixels), side), picture.metadata.icc)


def _decode(file: ImageFile) -> Picture:
    picture = decode_image(file.data, file.header)
    file.data.clear()
    return picture
