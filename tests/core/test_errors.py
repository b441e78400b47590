"""Messages for people."""

import os
from pathlib import Path

import pytest

from photochrom.errors import shown


@pytest.mark.parametrize("name", ["with space.png", "übergroß 写真.png", "-o.png", "%s{}.png"])
def test_a_name_that_can_be_printed_is_shown_as_it_is(name: str):
    assert shown(Path(name)) == name


@pytest.mark.parametrize("name", ["two\nlines.png", "\x1b[31mred.png", "\u202egnp.png", b"not utf-8 \xff.png"])
def test_a_name_that_would_garble_a_terminal_is_one_printable_line(name: str | bytes):
    text = shown(Path(os.fsdecode(name)))
    assert text.isprintable()
    text.encode("utf-8")
