"""TIFF tables: read as they are, refused where they would take memory without end, written where they were wanted."""

import io
import struct
import tracemalloc
from typing import Literal

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from photochrom.errors import ImageError
from photochrom.files.exif import read_details
from photochrom.files.tiff import LONG, SHORT, Tag, read_directories, read_directory
from photochrom.files.tiff_table import Table, Value, block_of, rational, read_table, short, with_table

ByteOrder = Literal["<", ">"]


def scan() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 65536, (40, 30, 3), dtype=np.uint16)


def file(order: ByteOrder = "<", *, big: bool = False) -> bytes:
    """By tifffile."""
    written = io.BytesIO()
    tifffile.imwrite(written, scan(), byteorder=order, bigtiff=big, photometric="rgb", software="tifffile")
    return written.getvalue()


def big_directory(count: int) -> bytes:
    """A BigTIFF whose one directory claims so many tags, and has room for them."""
    return struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, count) + bytes(20 * count + 8)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_tables_say_what_tifffile_wrote(order: ByteOrder, big: bool):
    first = read_directory(file(order, big=big))
    assert first.number(Tag.WIDTH, 0) == 30
    assert first.numbers(Tag.BITS) == (16, 16, 16)
    assert first.content(305) == b"tifffile\0"
    assert first.fraction(Tag.X_RESOLUTION) == 1
    assert first.number(Tag.EXTRA_CHANNELS, 7) == 7
    assert first.is_whole


def test_a_directory_with_endless_tags_is_refused():
    assert len(read_directories(big_directory(4096))) == 1
    with pytest.raises(ImageError, match="claims 4097 tags"):
        read_directories(big_directory(4097))


def test_a_tag_with_endless_numbers_is_refused_without_reading_them():
    count = (1 << 22) + 1
    block = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<HHHIII", 1, 273, SHORT, count, 26, 0)
    data = block + bytes(2 * count)
    tracemalloc.start()
    with pytest.raises(ImageError, match=f"TIFF tag 273 claims {count} values"):
        read_directory(data).numbers(273)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_tags_that_share_one_large_value_do_not_multiply_it():
    size = 1 << 22
    tags = range(1000, 1100)
    entries = b"".join(struct.pack("<HHII", tag, 7, size, 8) for tag in tags)
    data = struct.pack("<2sHI", b"II", 42, 8 + size) + bytes(size) + struct.pack("<H", 100) + entries + bytes(4)
    assert read_table(read_directory(data), tags).size == 4 * size


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_are_added_and_replaced_and_the_picture_stays(order: ByteOrder):
    layout = read_directory(file(order)).layout
    below = Table({36867: Value(2, b"1931:05:06 07:08:09\0")}, {Tag.INTEROPERABILITY: Table({1: Value(2, b"R98\0")})})
    values = {305: Value(2, b"photochrom, a long name\0"), 266: short(layout, 1), 282: rational(layout, 300, 7)}
    data = with_table(file(order), Table(values, {Tag.EXIF: below}))
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        tags = read.pages.first.tags
        assert np.array_equal(read.pages.first.asarray(), scan())
        assert tags["Software"].value == "photochrom, a long name"
        assert tags["FillOrder"].value == 1
        assert tags["XResolution"].value == (300, 7)
        assert tags["ExifTag"].value["DateTimeOriginal"] == "1931:05:06 07:08:09"
        codes = [tag.code for tag in tags]
        assert codes == sorted(set(codes))


def test_the_pages_behind_the_first_one_stay():
    written = io.BytesIO()
    with tifffile.TiffWriter(written) as writer:
        writer.write(scan(), photometric="rgb")
        writer.write(scan()[::-1], photometric="rgb")
    data = with_table(written.getvalue(), Table({266: short(read_directory(written.getvalue()).layout, 1)}))
    assert len(read_directories(data)) == 2
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        assert np.array_equal(read.pages[1].asarray(), scan()[::-1])


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_table_in_the_other_byte_order_says_the_same(order: ByteOrder):
    layout = read_directory(file(order)).layout
    numbers = {
        1000: Value(1, b"\1\2\3"),
        1001: Value(SHORT, struct.pack(f"{order}3H", 1, 2, 3)),
        1002: Value(LONG, struct.pack(f"{order}2I", 1, 70_000)),
        1003: rational(layout, 5, 3),
        1004: Value(12, struct.pack(f"{order}d", 2.5)),
        1005: Value(7, b"raw bytes"),
    }
    table = Table(numbers, {Tag.EXIF: Table({37500: Value(7, b"note"), 33434: rational(layout, 1, 100)})})
    other = read_directory(file("<" if order == ">" else ">")).layout
    block = block_of(other, table.swapped())
    first = read_directory(block)
    assert first.numbers(1001) == (1, 2, 3)
    assert first.numbers(1002) == (1, 70_000)
    assert first.fraction(1003) == 5 / 3
    assert struct.unpack(f"{other.order}d", first.content(1004)) == (2.5,)
    assert (first.content(1000), first.content(1005)) == (b"\1\2\3", b"raw bytes")
    below = first.directory(Tag.EXIF)
    assert below is not None
    assert below.fraction(33434) == 1 / 100
    assert below.content(37500) == b"note"
    assert table.swapped().swapped() == table
    assert read_details(first).tables == {Tag.EXIF: table.tables[Tag.EXIF].swapped()}


def test_what_points_outside_counts_as_missing_or_is_refused():
    data = bytearray(
        block_of(read_directory(file()).layout, Table({1000: Value(7, b"0123456789"), 1001: Value(5, bytes(8))}))
    )
    for tag in (1000, 1001):
        position = data.index(struct.pack("<H", tag)) + 8
        struct.pack_into("<I", data, position, len(data) - 3)
    first = read_directory(data)
    assert first.content(1000) == b""
    assert first.fraction(1001) == 0
    assert not first.is_whole
    assert first.directory(1000) is None
    with pytest.raises(ImageError, match="whole numbers belong"):
        first.numbers(1000)
