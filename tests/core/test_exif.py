"""Exif blocks of coloured copies: true for the upright picture, everything else kept to the byte."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photochrom.files.exif import for_upright_copy, plain_block, read_orientation, read_resolution, with_resolution
from photochrom.files.resolution import Resolution
from photochrom.files.tiff import Tag, read_directories

DATE = "1931:05:06 07:08:09"
LATITUDE = (48.0, 51.0, 29.6)
MAKER_NOTE = b"MAKER\0" + bytes(range(256))


def camera_block(order: str = "<", *, orientation: int = 6, width: int = 640, height: int = 480) -> bytes:
    """By Pillow: a camera's block without a thumbnail."""
    block = Image.Exif()
    block.endian = order
    block[271], block[306], block[274] = "Maker", DATE, orientation
    block[282], block[283], block[296] = 300.0, 300.0, 2
    details, place = block.get_ifd(0x8769), block.get_ifd(0x8825)
    details[36867], details[37500], details[40962], details[40963] = DATE, MAKER_NOTE, width, height
    place[1], place[2] = "N", LATITUDE
    return block.tobytes().removeprefix(b"Exif\0\0")


def with_thumbnail(block: bytes, thumbnail: bytes, *, before: bytes = b"", behind: bytes = b"") -> bytes:
    """The block with a second directory that points to a thumbnail."""
    order = "<" if block.startswith(b"II") else ">"
    (first,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, first)
    link = first + 2 + 12 * count
    second = len(block) + len(before)
    entries = struct.pack(f"{order}HHII", 513, 4, 1, second + 30) + struct.pack(
        f"{order}HHII", 514, 4, 1, len(thumbnail)
    )
    table = struct.pack(f"{order}H", 2) + entries + bytes(4)
    linked = block[:link] + struct.pack(f"{order}I", second) + block[link + 4 :]
    return linked + before + table + thumbnail + behind


def pillow(block: bytes) -> Image.Exif:
    read = Image.Exif()
    read.load(b"Exif\0\0" + block)
    return read


def upright(block: bytes, *, width: int = 480, height: int = 640, resolution: Resolution | None = None) -> bytes:
    return for_upright_copy(block, width=width, height=height, resolution=resolution)


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_and_size_become_true_and_nothing_else_changes(order: str):
    block = camera_block(order)
    kept = upright(block)
    assert len(kept) == len(block)
    assert sum(a != b for a, b in zip(kept, block, strict=True)) == 5, "more than three numbers changed"
    read = pillow(kept)
    assert read[274] == 1
    details = read.get_ifd(0x8769)
    assert (details[40962], details[40963]) == (480, 640)
    assert (details[36867], details[37500], read[306]) == (DATE, MAKER_NOTE, DATE)
    assert read.get_ifd(0x8825)[2] == LATITUDE


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("channels", "colours", "in_colour"),
    [(1, 1, (3, 2)), (1, 0, (3, 2)), (2, 1, (4, 2)), (3, 2, (3, 2)), (3, 6, (3, 6))],
)
def test_what_is_told_of_grey_pixels_becomes_true_of_coloured_ones(
    order: str, channels: int, colours: int, in_colour: tuple[int, int]
):
    block = Image.Exif()
    block.endian = order
    block[271], block[277], block[262] = "Maker", channels, colours
    read = pillow(upright(block.tobytes().removeprefix(b"Exif\0\0")))
    assert (read[277], read[262]) == in_colour
    assert read[271] == "Maker"


def test_a_size_beyond_16_bits_is_told_in_32():
    details = pillow(upright(camera_block(), width=70_000, height=3)).get_ifd(0x8769)
    assert (details[40962], details[40963]) == (70_000, 3)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_thumbnail_goes_with_all_its_bytes(order: str):
    block = with_thumbnail(camera_block(order), b"\xff\xd8grey thumbnail\xff\xd9")
    assert len(read_directories(block)) == 2
    kept = upright(block)
    assert len(read_directories(kept)) == 1
    assert b"grey" not in kept
    assert kept == upright(camera_block(order))


def test_what_maker_notes_may_point_to_behind_the_thumbnail_stays_where_it_was():
    block = with_thumbnail(camera_block(), b"grey thumbnail", before=b"note 1", behind=b"note 2")
    kept = upright(block)
    assert len(kept) == len(block)
    assert kept.index(b"note 1") == block.index(b"note 1")
    assert kept.index(b"note 2") == block.index(b"note 2")
    assert b"grey" not in kept


def test_a_thumbnail_that_claims_the_place_of_something_else_erases_nothing():
    block = bytearray(with_thumbnail(camera_block(), b"grey"))
    position = block.index(struct.pack("<HHI", 513, 4, 1)) + 8
    struct.pack_into("<I", block, position, 0)
    struct.pack_into("<I", block, position + 12, len(block))
    assert upright(bytes(block))[: len(camera_block())] == upright(camera_block())


def test_a_damaged_second_directory_does_not_hide_the_orientation():
    block = bytearray(with_thumbnail(camera_block(), b"grey"))
    struct.pack_into("<I", block, read_directories(block)[0].link, 1 << 30)
    assert read_orientation(bytes(block)) == 6
    kept = upright(bytes(block))
    assert len(read_directories(kept)) == 1
    assert pillow(kept)[274] == 1


def test_another_resolution_is_told_in_the_blocks_own_unit():
    kept = pillow(upright(camera_block(), resolution=Resolution(x=100, y=50, unit="cm")))
    assert (kept[282], kept[283], kept[296]) == (254, 127, 2)


def test_a_resolution_that_differs_by_rounding_only_is_kept_to_the_byte():
    assert upright(camera_block(), resolution=Resolution(x=118.11, y=118.11, unit="cm")) == upright(camera_block())


@pytest.mark.parametrize("block", [b"", camera_block().replace(struct.pack("<HH", 282, 5), struct.pack("<HH", 281, 5))])
def test_a_resolution_is_added_where_a_format_has_no_other_place(block: bytes):
    added = with_resolution(block, Resolution(x=200.5, y=100, unit="cm"))
    assert read_resolution(added) == Resolution(x=200.5, y=100, unit="cm")
    read = pillow(added)
    assert (read[282], read[283], read[296]) == (200.5, 100, 3)
    assert not block or read.get_ifd(0x8769)[37500] == MAKER_NOTE


def test_a_resolution_that_is_told_already_is_left_alone():
    assert with_resolution(camera_block(), Resolution(x=1, y=1)) == camera_block()


@pytest.mark.parametrize("unit", [0, 1, 4, 77])
def test_a_resolution_without_a_unit_is_none(unit: int):
    block = camera_block().replace(struct.pack("<HHIH", 296, 3, 1, 2), struct.pack("<HHIH", 296, 3, 1, unit))
    assert read_resolution(block) is None


@pytest.mark.parametrize(
    "broken", [b"", b"Exif", camera_block()[:20], b"II*\0" + b"\xff" * 20, camera_block(orientation=9)]
)
def test_a_block_that_makes_no_sense_turns_nothing(broken: bytes):
    assert read_orientation(broken) == 1


def test_a_block_begins_with_its_tiff_header_whatever_a_writer_put_before_it():
    assert plain_block(b"Exif\0\0" + camera_block()) == camera_block()
    assert plain_block(camera_block(">")) == camera_block(">")
    assert plain_block(b"Exif\0\0") == plain_block(b"hello") == b""


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    changes=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.integers(0, 800),
    order=st.sampled_from("<>"),
)
def test_no_damage_breaks_anything(changes: list[tuple[int, int]], length: int, order: str):
    block = bytearray(with_thumbnail(camera_block(order), b"thumbnail"))
    for position, value in changes:
        block[position % len(block)] = value
    broken = bytes(block[:length])
    kept = upright(broken, resolution=Resolution(x=72, y=71))
    assert len(kept) <= len(broken)
    assert read_orientation(kept) == 1 or read_orientation(kept) == read_orientation(broken)
    with_resolution(kept, Resolution(x=1, y=1))


def test_a_block_whose_directories_form_a_ring_is_read():
    block = bytearray(camera_block())
    position = block.index(struct.pack("<HHI", Tag.EXIF, 4, 1)) + 8
    struct.pack_into("<I", block, position, 8)
    struct.pack_into("<I", block, read_directories(block)[0].link, 8)
    kept = upright(bytes(block))
    assert read_orientation(kept) == 1
    assert read_resolution(kept) == Resolution(x=300, y=300)


def test_a_value_that_claims_the_place_of_its_own_directory_is_left_alone():
    head = struct.pack(">2sHIH", b"MM", 42, 8, 1)
    five_orientations_over_the_link = struct.pack(">HHII", 0x0112, 3, 5, 18)
    block = head + five_orientations_over_the_link + bytes(20)

    assert for_upright_copy(block, width=4, height=3, resolution=None) == block
