"""What files say beside their pixels: found and put in every format, as independent programs find and put it."""

import io
import struct
import zlib
from typing import Literal
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from cv2.typing import MatLike
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, IptcImagePlugin, features

from photochrom.errors import ImageError
from photochrom.files.container import read_metadata
from photochrom.files.decoder import decode_image
from photochrom.files.encoder import encode_image
from photochrom.files.metadata import Metadata
from photochrom.files.resolution import Resolution

DATE = "1931:05:06 07:08:09"
LATITUDE = (48.0, 51.0, 29.6)
MAKER_NOTE = b"MAKER\0" + bytes(range(256))
IPTC = b"\x1c\x02\x78\x00\x05hello\x1c\x02\x50\x00\x03abc"
XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
FORMATS = {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".webp": "WebP", ".avif": "AVIF", ".jp2": "JPEG 2000"}
WITHOUT_IPTC = (".webp", ".avif")
SECTIONS = (
    *[(".jpg", section) for section in (b"Exif", b"8BIM", b"ICC_PROFILE", b"http://ns", b"JFIF")],
    *[(".png", section) for section in (b"eXIf", b"iTXt", b"iCCP", b"pHYs", b"zTXt")],
    *[(".webp", section) for section in (b"VP8X", b"EXIF", b"XMP ", b"ICCP")],
    *[(".avif", section) for section in (b"iinf", b"iloc", b"colr", b"ipco")],
    *[(".jp2", section) for section in (b"colr", b"res ", b"JpgTiffExif", b"jp2h")],
)


def picture(channels: int = 3) -> MatLike:
    blocks = np.random.default_rng(3).integers(40, 216, (10, 12, channels)).astype(np.uint8)
    return blocks.repeat(4, axis=0).repeat(4, axis=1)


def exif(order: str = "<", dpi: float = 300) -> bytes:
    """A camera's Exif block, by Pillow."""
    block = Image.Exif()
    block.endian = order
    block[271], block[306], block[315] = "Maker", DATE, "An artist"
    block[282], block[283], block[296] = dpi, dpi, 2
    details, place = block.get_ifd(0x8769), block.get_ifd(0x8825)
    details[36867], details[33434], details[37500] = DATE, 0.01, MAKER_NOTE
    place[0], place[1], place[2] = b"\2\3\0\0", "N", LATITUDE
    return block.tobytes().removeprefix(b"Exif\0\0")


def profile(space: bytes = b"RGB ", length: int = 300) -> bytes:
    icc = bytearray(132) + np.random.default_rng(0).bytes(length - 132)
    struct.pack_into(">I4sI4s4s4s", icc, 0, length, b"test", 0x02400000, b"mntr", space, b"XYZ ")
    struct.pack_into(">4s", icc, 36, b"acsp")
    struct.pack_into(">III", icc, 68, 0xF6D6, 0x10000, 0xD32D)
    return bytes(icc)


def everything(order: str = "<") -> Metadata:
    return Metadata(exif=exif(order), xmp=XMP, iptc=IPTC, icc=profile(), resolution=Resolution(x=300, y=300))


def facts(block: bytes) -> dict[str, object]:
    """What a block says, by Pillow."""
    read = Image.Exif()
    read.load(b"Exif\0\0" + block)
    return told(read)


def told(read: Image.Exif) -> dict[str, object]:
    details, place = read.get_ifd(0x8769), read.get_ifd(0x8825)
    return {
        "first": {tag: read.get(tag) for tag in (271, 306, 315)},
        "details": {tag: details.get(tag) for tag in (36867, 33434, 37500)},
        "place": {tag: place.get(tag) for tag in (0, 1, 2)},
    }


FACTS = {
    "first": {271: "Maker", 306: DATE, 315: "An artist"},
    "details": {36867: DATE, 33434: 0.01, 37500: MAKER_NOTE},
    "place": {0: b"\2\3\0\0", 1: "N", 2: LATITUDE},
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", FORMATS)
def test_everything_that_is_put_into_a_file_is_found_again(suffix: str, channels: int, order: str):
    if (suffix, channels) == (".jpg", 4):
        return
    given = everything(order)
    found = read_metadata(encode_image(picture(channels), suffix, metadata=given), FORMATS[suffix])
    assert facts(found.exif) == FACTS
    assert suffix == ".tif" or found.exif == given.exif
    assert found.xmp == XMP
    assert found.iptc == (b"" if suffix in WITHOUT_IPTC else IPTC)
    assert found.icc == profile()
    assert found.resolution is not None
    assert found.resolution.per("inch") == pytest.approx((300, 300), rel=1e-5)


@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("target", FORMATS)
def test_every_format_hands_everything_to_every_other(source: str, target: str):
    first = decode_image(bytearray(encode_image(picture(), source, metadata=everything(">"))))
    second = decode_image(bytearray(encode_image(first.pixels, target, metadata=first.metadata))).metadata
    assert facts(second.exif) == FACTS
    assert second.xmp == XMP
    assert second.icc == profile()
    assert second.iptc == (b"" if {source, target} & set(WITHOUT_IPTC) else IPTC)
    assert second.resolution is not None
    assert second.resolution.per("inch") == pytest.approx((300, 300), rel=1e-4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_pillow_finds_what_is_put(suffix: str, order: str):
    with Image.open(io.BytesIO(encode_image(picture(), suffix, metadata=everything(order)))) as image:
        image.load()
        assert told(image.getexif()) == FACTS
        assert image.info["icc_profile"] == profile()
        assert (image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()) == XMP
        if suffix != ".webp":
            assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-5)
        if suffix in (".jpg", ".tif"):
            assert IptcImagePlugin.getiptcinfo(image) == {(2, 120): b"hello", (2, 80): b"abc"}


def test_pillow_finds_the_resolution_of_jpeg_2000_and_bmp():
    for suffix in (".jp2", ".bmp"):
        data = encode_image(picture(), suffix, metadata=Metadata(resolution=Resolution(x=240, y=120)))
        with Image.open(io.BytesIO(data)) as image:
            assert image.info["dpi"] == pytest.approx((240, 120), rel=1e-4)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_pillow_finds_what_opencv_puts_into_avif():
    with Image.open(io.BytesIO(encode_image(picture(), ".avif", metadata=everything()))) as image:
        assert told(image.getexif()) == FACTS
        assert image.info["icc_profile"] == profile()
        assert image.info["xmp"] == XMP


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_what_pillow_puts_is_found(suffix: str):
    file = io.BytesIO()
    xmp = {".png": {}, ".jpg": {"xmp": XMP}, ".webp": {"xmp": XMP}}[suffix]
    options = {"exif": b"Exif\0\0" + exif(), "icc_profile": profile(), "dpi": (240, 120), **xmp}
    Image.fromarray(picture()).save(file, {".jpg": "JPEG", ".png": "PNG", ".webp": "WebP"}[suffix], **options)
    found = read_metadata(file.getvalue(), FORMATS[suffix])
    assert facts(found.exif) == FACTS
    assert found.icc == profile()
    assert found.xmp == (XMP if xmp else b"")
    assert found.resolution is not None
    assert found.resolution.per("inch") == pytest.approx((300, 300) if suffix == ".webp" else (240, 120), rel=1e-4)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_what_tifffile_puts_is_found(order: Literal["<", ">"], big: bool):
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        picture(),
        byteorder=order,
        bigtiff=big,
        photometric="rgb",
        description="a scan",
        datetime=DATE,
        software="scanner",
        resolution=(300.0, 150.0),
        resolutionunit="CENTIMETER",
        iccprofile=profile(),
        extratags=[(700, 1, len(XMP), XMP, True), (33723, 7, len(IPTC), IPTC, True), (315, 2, 0, "An artist", True)],
        metadata=None,
    )
    found = read_metadata(file.getvalue(), "TIFF")
    block = Image.Exif()
    block.load(b"Exif\0\0" + found.exif)
    assert {tag: block.get(tag) for tag in (270, 306, 305, 315)} == {
        270: "a scan",
        306: DATE,
        305: "scanner",
        315: "An artist",
    }
    assert (found.xmp, found.iptc, found.icc) == (XMP, IPTC, profile())
    assert found.resolution == Resolution(x=300, y=150, unit="cm")


def test_tifffile_finds_what_is_put_and_the_pixels_where_they_were():
    data = encode_image(picture(), ".tif", metadata=everything(">"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages.first.tags
        assert np.array_equal(file.pages.first.asarray()[:, :, ::-1], picture())
        assert tags["XResolution"].value == (300, 1)
        assert tags["ResolutionUnit"].value == 2
        assert tags["ExifTag"].value["MakerNote"] == MAKER_NOTE
        assert tags["GPSTag"].value["GPSLatitude"] == (48, 1, 51, 1, 148, 5)
        assert tags["DateTime"].value == DATE
        assert [tag.code for tag in tags] == sorted(tag.code for tag in tags)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_the_resolution_turns_with_the_picture(suffix: str, orientation: int):
    block = Image.Exif()
    block[274] = orientation
    given = Metadata(exif=block.tobytes().removeprefix(b"Exif\0\0"), resolution=Resolution(x=400, y=200))
    data = encode_image(picture(), suffix, metadata=given)
    if suffix == ".tif":
        data = tiff_with_orientation(picture(), orientation)
    kept = decode_image(bytearray(data)).metadata.resolution
    assert kept is not None
    assert kept.per("inch") == pytest.approx((200, 400) if orientation in (6, 8) else (400, 200), rel=1e-4)


def tiff_with_orientation(pixels: MatLike, orientation: int) -> bytes:
    file = io.BytesIO()
    tag = (274, 3, 1, orientation, True)
    tifffile.imwrite(file, pixels, photometric="rgb", resolution=(400, 200), extratags=[tag], metadata=None)
    return file.getvalue()


def test_the_resolution_of_exif_counts_where_the_container_tells_none():
    block = exif(dpi=72)
    data = bytearray(encode_image(picture(), ".jpg", metadata=Metadata(exif=block)))
    assert data[13] == 0, "the JFIF segment tells a density"
    kept = decode_image(data).metadata
    assert kept.resolution == Resolution(x=72, y=72)
    again = encode_image(picture(), ".jpg", metadata=kept)
    assert struct.unpack_from(">BHH", again, 13) == (1, 72, 72)


@pytest.mark.parametrize(("unit", "per_inch"), [(1, (118, 59)), (2, (299.72, 149.86)), (0, None), (7, None)])
def test_a_jpegs_density_is_found_in_any_unit(unit: int, per_inch: tuple[float, float] | None):
    data = bytearray(encode_image(picture(), ".jpg"))
    struct.pack_into(">BHH", data, 13, unit, 118, 59)
    kept = read_metadata(data, "JPEG").resolution
    assert (kept and kept.per("inch")) == (per_inch and pytest.approx(per_inch))
    if kept is not None:
        again = encode_image(picture(), ".jpg", metadata=Metadata(resolution=kept))
        assert struct.unpack_from(">BHH", again, 13) == (unit, 118, 59)


def test_the_containers_resolution_and_the_one_in_exif_agree_in_the_copy():
    mixed = Metadata(exif=exif(dpi=72), resolution=Resolution(x=600, y=600))
    kept = decode_image(bytearray(encode_image(picture(), ".jpg", metadata=mixed))).metadata
    block = Image.Exif()
    block.load(b"Exif\0\0" + kept.exif)
    assert (block[282], block[283]) == (600, 600)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif", ".jp2"])
def test_nothing_is_made_up_where_nothing_is_told(suffix: str):
    assert read_metadata(encode_image(picture(), suffix), FORMATS[suffix]) == Metadata()


@pytest.mark.parametrize("length", [65_519, 65_520, 200_000])
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_profile_of_any_length_is_kept(suffix: str, length: int):
    long = Metadata(icc=profile(length=length))
    assert read_metadata(encode_image(picture(), suffix, metadata=long), FORMATS[suffix]) == long


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".jp2"])
def test_iptc_of_any_length_is_kept(suffix: str):
    long = Metadata(iptc=b"\x1c\x02\x78\x84\0\2\0\0" + bytes(131_073))
    assert read_metadata(encode_image(picture(), suffix, metadata=long), FORMATS[suffix]) == long


def long_xmp(lengths: tuple[int, ...]) -> bytes:
    parts = b"".join(
        b'<rdf:Description rdf:about="" xmlns:n="urn:n"><n:p%d>' % number
        + b"x" * length
        + b"</n:p%d></rdf:Description>" % number
        for number, length in enumerate(lengths)
    )
    head, _, tail = XMP.partition(b"</rdf:RDF>")
    return head + parts + b"</rdf:RDF>" + tail


def properties(packet: bytes) -> dict[str, str]:
    """What a packet says of its picture, by Python's XML parser; where it says it twice, once."""
    start, end = packet.index(b"<x:xmpmeta"), packet.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")
    told: dict[str, str] = {}
    for description in ElementTree.fromstring(packet[start:end])[0]:
        told |= {name: value for name, value in description.attrib.items() if not name.endswith("}about")}
        told |= {element.tag: element.text or "" for element in description}
    return told


@pytest.mark.parametrize("lengths", [(70_000,), (40_000, 40_000), (10, 300_000, 20), (65_000, 1000, 2000)])
def test_xmp_longer_than_a_jpeg_segment_is_parted_and_joined_again(lengths: tuple[int, ...]):
    packet = long_xmp(lengths)
    data = bytes(encode_image(picture(), ".jpg", metadata=Metadata(xmp=packet)))
    assert properties(read_metadata(data, "JPEG").xmp) == properties(packet)
    with Image.open(io.BytesIO(data)) as image:
        main = image.info["xmp"]
    assert properties(main)["{http://ns.adobe.com/xmp/note/}HasExtendedXMP"]
    assert properties(main)["{http://purl.org/dc/elements/1.1/}format"] == "image/jpeg"


def test_the_room_that_a_packet_leaves_for_editing_is_given_up_before_it_is_parted():
    padded = XMP.replace(b"<?xpacket end", b" " * 70_000 + b"<?xpacket end")
    data = encode_image(picture(), ".jpg", metadata=Metadata(xmp=padded))
    assert read_metadata(data, "JPEG").xmp == XMP


def test_xmp_that_cannot_be_parted_is_refused_in_a_jpeg():
    with pytest.raises(ImageError, match="JPEG holds 65504 bytes of XMP that cannot be parted"):
        encode_image(picture(), ".jpg", metadata=Metadata(xmp=b"<x>" + b" " * 70_000))


@pytest.mark.parametrize("damage", ["missing", "reordered", "other length", "other name"])
def test_a_missing_or_damaged_part_of_long_xmp_leaves_the_rest(damage: str):
    data = bytes(encode_image(picture(), ".jpg", metadata=Metadata(xmp=long_xmp((10, 150_000)))))
    mark = b"http://ns.adobe.com/xmp/extension/\0"
    first = data.index(mark) - 4
    (length,) = struct.unpack_from(">H", data, first + 2)
    one, rest = data[first : first + 2 + length], data[first + 2 + length :]
    (length,) = struct.unpack_from(">H", rest, 2)
    two, rest = rest[: 2 + length], rest[2 + length :]
    changed = {
        "missing": [two, rest],
        "reordered": [two, one, rest],
        "other length": [one.replace(one[71:75], b"\0\0\0\1", 1), two, rest],
        "other name": [one.replace(one[39:71], b"0" * 32), two, rest],
    }[damage]
    xmp = properties(read_metadata(b"".join([data[:first], *changed]), "JPEG").xmp)
    assert ("{urn:n}p1" in xmp) == (damage == "reordered")
    assert "{urn:n}p0" in xmp


TEXTS = (("Title", "Großmutter"), ("Comment", "found in 写真 album"), ("Author", "An artist"), ("Comment", "again"))


def test_texts_go_from_png_to_png_and_comments_to_jpeg_and_back():
    png = encode_image(picture(), ".png", metadata=Metadata(texts=TEXTS))
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert image.info["Title"] == "Großmutter"
        assert image.info["Author"] == "An artist"
    found = read_metadata(png, "PNG")
    assert found == Metadata(texts=TEXTS)
    jpeg = encode_image(picture(), ".jpg", metadata=found)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.info["comment"] == b"again"
    assert read_metadata(jpeg, "JPEG").texts == (TEXTS[1], TEXTS[3])


def test_a_jpegs_comment_is_kept_in_whatever_encoding_it_is():
    for comment, text in (("Großmutter".encode(), "Großmutter"), ("Großmutter\0".encode("latin-1"), "Großmutter")):
        file = io.BytesIO()
        Image.fromarray(picture()).save(file, "JPEG", comment=comment)
        assert read_metadata(file.getvalue(), "JPEG").texts == (("Comment", text),)


def png_with(kind: bytes, content: bytes) -> bytes:
    data = bytes(encode_image(picture(), ".png"))
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
@pytest.mark.parametrize(
    ("name", "block"), [(b"exif", exif()), (b"APP1", b"Exif\0\0" + exif()), (b"xmp", XMP), (b"iptc", IPTC)]
)
def test_profiles_that_imagemagick_writes_as_text_are_found(kind: bytes, name: bytes, block: bytes):
    if name == b"iptc":
        block = b"8BIM\4\4\0\0" + struct.pack(">I", len(block)) + block + bytes(len(block) % 2)
    digits = block.hex().encode()
    lines = b"\n".join(digits[start : start + 72] for start in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n%s\n" % (name.lower(), len(block), lines)
    keyword = b"Raw profile type " + name + b"\0"
    found = read_metadata(png_with(kind, keyword + (text if kind == b"tEXt" else b"\0" + zlib.compress(text))), "PNG")
    expected = {b"exif": "exif", b"APP1": "exif", b"xmp": "xmp", b"iptc": "iptc"}[name]
    assert getattr(found, expected) == {"exif": exif(), "xmp": XMP, "iptc": IPTC}[expected]


def test_compressed_xmp_is_found():
    content = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)
    assert read_metadata(png_with(b"iTXt", content), "PNG").xmp == XMP


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_a_block_that_unpacks_without_end_counts_as_missing(kind: bytes):
    bomb = zlib.compress(bytes(1 << 26))
    head = {b"iCCP": b"ICC\0\0", b"zTXt": b"Raw profile type exif\0\0", b"iTXt": b"XML:com.adobe.xmp\0\1\0\0\0"}[kind]
    assert read_metadata(png_with(kind, head + bomb), "PNG") == Metadata()


@pytest.mark.parametrize(("suffix", "section"), SECTIONS)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.lists(st.tuples(st.integers(-12, 120), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_blocks_never_break_the_reading_of_the_others(
    suffix: str, section: bytes, changes: list[tuple[int, int]]
):
    data = bytearray(FILES[suffix])
    start = data.index(section)
    for offset, value in changes:
        data[min(max(start + offset, 0), len(data) - 1)] = value
    found = read_metadata(bytes(data), FORMATS[suffix])
    assert len(found.exif) + len(found.xmp) + len(found.iptc) + len(found.icc) <= 2 * len(data)
    encode_image(picture(), suffix, metadata=Metadata(exif=found.exif, iptc=found.iptc))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(length=st.integers(0, 2000), suffix=st.sampled_from([".jpg", ".png", ".webp", ".avif", ".jp2", ".bmp"]))
def test_a_file_cut_off_anywhere_gives_what_is_whole(length: int, suffix: str):
    whole = read_metadata(FILES[suffix], FORMATS.get(suffix, "BMP"))
    signature = 30
    found = read_metadata(FILES[suffix][: signature + length], FORMATS.get(suffix, "BMP"))
    assert found.resolution in (None, whole.resolution)
    assert found.exif in (b"", whole.exif)
    assert found.icc in (b"", whole.icc)


FILES = {suffix: bytes(encode_image(picture(), suffix, metadata=everything())) for suffix in (*FORMATS, ".bmp")}
"""By suffix: a file with everything."""
