"""XMP packets: edited where they would be wrong, kept to the byte elsewhere, never a trap."""

import pytest

from photochrom.errors import ImageError
from photochrom.files.xmp import extension_name, for_upright_copy, joined, split

RDF = b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def packet(*descriptions: bytes) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF %s>' % RDF + b"".join(descriptions) + b"</rdf:RDF></x:xmpmeta>"
    )


def description(content: bytes) -> bytes:
    return b'<rdf:Description rdf:about="" xmlns:tiff="t" xmlns:exif="e" ' + content + b"</rdf:Description>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"tiff:Orientation='6'>", b"tiff:Orientation='1'>"),
        (b'tiff:Orientation = "8">', b'tiff:Orientation = "1">'),
        (b"><tiff:Orientation>3</tiff:Orientation>", b"><tiff:Orientation>1</tiff:Orientation>"),
        (b"><tiff:Orientation>\n 3 </tiff:Orientation>", b"><tiff:Orientation>\n 1 </tiff:Orientation>"),
        (
            b'exif:PixelXDimension="9999" exif:PixelYDimension="7">',
            b'exif:PixelXDimension="30" exif:PixelYDimension="40">',
        ),
        (b"><tiff:ImageWidth>1</tiff:ImageWidth>", b"><tiff:ImageWidth>30</tiff:ImageWidth>"),
        (b'tiff:ImageLength="123456789012">', b'tiff:ImageLength="40">'),
        (b'my:tiff:Orientation="6">', b'my:tiff:Orientation="6">'),
        (b'tiff:Orientations="6">tiff:Orientation="6"', b'tiff:Orientations="6">tiff:Orientation="6"'),
        (b'tiff:Make="Orientation 6">', b'tiff:Make="Orientation 6">'),
        (b'tiff:Orientation="six">', b'tiff:Orientation="six">'),
        (b'photoshop:ColorMode="1" tiff:Make="a">', b'tiff:Make="a">'),
        (b"a='b' photoshop:ICCProfile = 'Dot Gain 20%'>", b"a='b'>"),
        (b"><tiff:SamplesPerPixel>1</tiff:SamplesPerPixel>b", b">b"),
        (b'a="b"\ntiff:PhotometricInterpretation="1"/>', b'a="b"/>'),
        (b"><xmp:Thumbnails><rdf:Alt><rdf:li>x</rdf:li></rdf:Alt></xmp:Thumbnails><a/>", b"><a/>"),
        (b"><xmp:Thumbnails>without an end", b"><xmp:Thumbnails>without an end"),
        (
            b'photoshop:ColorModes="1" my:photoshop:ColorMode="1">',
            b'photoshop:ColorModes="1" my:photoshop:ColorMode="1">',
        ),
    ],
)
def test_orientation_and_size_become_true_what_is_of_grey_goes_and_nothing_else_changes(before: bytes, after: bytes):
    given, wanted = packet(description(before)), packet(description(after))
    assert for_upright_copy(given, width=30, height=40) == wanted


def test_a_packet_that_is_short_enough_is_not_touched():
    whole = packet(description(b'tiff:Make="a">'))
    assert split(whole, len(whole)) == (whole, b"")
    assert joined(whole, {}) == whole


def test_the_largest_descriptions_move_and_come_back():
    small, large = description(b'tiff:Make=">">'), description(b">" + b"x" * 1000)
    main, extension = split(packet(small, large, b" "), 900)
    assert len(main) <= 900
    assert small in main
    assert large in extension
    assert extension_name(extension) in main
    back = joined(main, {extension_name(extension): extension})
    assert small in back
    assert large in back
    assert b"HasExtendedXMP" not in back


@pytest.mark.parametrize(
    "announced",
    [b' xmpNote:HasExtendedXMP="%s"/>', b"><xmpNote:HasExtendedXMP>%s</xmpNote:HasExtendedXMP></rdf:Description>"],
)
def test_an_extension_is_found_by_its_name_however_that_is_written(announced: bytes):
    extension = packet(description(b">far"))
    name = extension_name(extension)
    note = b'<rdf:Description rdf:about="" xmlns:xmpNote="n"' + announced % name.lower()
    whole = joined(packet(note, description(b">near")), {name: extension})
    assert b"near" in whole
    assert b"far" in whole
    assert b"HasExtendedXMP" not in whole


@pytest.mark.parametrize(
    "extension",
    [
        b"",
        b"<not xml",
        packet(b"<unknown:prefix/>"),
        b"<a/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + packet(description(b">&a;")),
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description xmlns:o="o"/></r:RDF>',
    ],
    ids=["missing", "no xml", "unknown prefix", "no rdf", "document type", "other prefix"],
)
def test_an_unfit_extension_leaves_the_main_packet(extension: bytes):
    name = extension_name(extension)
    note = b'<rdf:Description rdf:about="" xmlns:xmpNote="n" xmpNote:HasExtendedXMP="%s"/>' % name
    assert joined(packet(note, description(b">near")), {name: extension}) == packet(
        note.replace(b' xmpNote:HasExtendedXMP="%s"' % name, b""), description(b">near")
    )


@pytest.mark.parametrize(
    "unfit",
    [
        b"<x",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + packet(description(b">a")),
        "<x/>".encode("utf-16"),
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    ],
)
def test_a_packet_that_cannot_be_parted_is_refused(unfit: bytes):
    with pytest.raises(ImageError, match="XMP that cannot be parted"):
        split(unfit + b" " * 2000, 1000)


@pytest.mark.parametrize(
    "trap",
    [
        b" " * 2_000_000,
        b"<tiff:Orientation>" + b" " * 2_000_000,
        b" tiff:Orientation" + b" " * 2_000_000,
        b" tiff:Orientation='" + b"1" * 2_000_000,
        b" xmpNote:HasExtendedXMP" * 100_000,
        b"<xmp:Thumbnails>" * 100_000,
        b" photoshop:ColorMode" * 100_000,
        b" photoshop:ColorMode=" + b" " * 2_000_000,
        b"<tiff:SamplesPerPixel>" * 100_000,
    ],
)
def test_no_packet_takes_time_without_end(trap: bytes):
    # A search that goes over the packet again and again would take hours, until the suite's own limit.
    assert for_upright_copy(trap, width=1, height=1) == trap
    assert joined(trap, {}) == trap
