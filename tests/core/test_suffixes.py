"""Names of images: known by their suffixes, and kept for copies as far as the formats allow."""

from pathlib import Path

import pytest

from photochrom.files.encoder import COLOUR_SUFFIXES
from photochrom.files.suffixes import copy_name, is_image_name


def test_names_of_images_are_known_by_their_suffix_in_any_case():
    names = ("a.JPG", "b.tiff", "c.PgM", "d.gif", "e.J2K", "f", "g.txt", ".jpg", "h.jpg.bak", "i.", "")
    assert [name for name in names if is_image_name(Path(name))] == ["a.JPG", "b.tiff", "c.PgM", "d.gif", "e.J2K"]


def test_a_copy_keeps_its_name_unless_its_format_holds_or_writes_no_colour():
    given = ["x/a.JPG", "a.tif", "b.pgm", "c.PBM", "d.gif", "e.j2c", "noise", "scan.001"]
    assert [str(copy_name(Path(name))) for name in given] == [
        "x/a.JPG",
        "a.tif",
        "b.ppm",
        "c.ppm",
        "d.png",
        "e.jp2",
        "noise",
        "scan.001",
    ]


def test_a_format_asked_for_replaces_the_suffix_of_an_image_and_no_other_part_of_a_name():
    given = ["x/a.JPG", "b.pgm", "c.v2.gif", "noise", "scan.001", "e.png"]
    assert [str(copy_name(Path(name), ".png")) for name in given] == [
        "x/a.png",
        "b.png",
        "c.v2.png",
        "noise.png",
        "scan.001.png",
        "e.png",
    ]


@pytest.mark.parametrize("name", ["a.pgm", "a.gif", "a.j2k"])
def test_every_copy_gets_the_suffix_of_a_format_that_is_written(name: str):
    assert copy_name(Path(name)).suffix in COLOUR_SUFFIXES
