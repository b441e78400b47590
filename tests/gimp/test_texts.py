"""The plug-in's texts in other languages: complete, as exact as the originals, and compiled from what is read here."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

PLUG_IN = Path(__file__).parents[2] / "plugin_gimp/photochrom_gimp/plug_ins/photochrom-filter"
LANGUAGES = sorted(folder.name for folder in (PLUG_IN / "locale").iterdir())


def catalogue_file(language: str, suffix: str) -> Path:
    return PLUG_IN / "locale" / language / "LC_MESSAGES" / f"photochrom-filter{suffix}"


def calls_of_translate() -> Iterator[tuple[str, ast.expr]]:
    """Where the plug-in translates a text, and the text; those inside f-strings too, which pybabel extract misses."""
    for file in sorted(PLUG_IN.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                yield f"{file.name}:{node.lineno}", node.args[0]


def texts() -> set[str]:
    return {
        text.value for _, text in calls_of_translate() if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }


@pytest.fixture(params=LANGUAGES)
def language(request) -> str:
    return str(request.param)


@pytest.fixture
def catalogue(language) -> Catalog:
    with catalogue_file(language, ".po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def translations(catalogue: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalogue if message.id}


def mnemonic(text: str) -> str | None:
    found = re.search("_(.)", text)
    return found.group(1).upper() if found else None


def test_simplified_chinese_is_there():
    assert "zh_CN" in LANGUAGES


def test_every_text_is_written_out_where_it_is_translated():
    assert [place for place, text in calls_of_translate() if not isinstance(text, ast.Constant)] == []


def test_every_text_is_translated_and_no_forgotten_one_is_left(catalogue):
    assert set(translations(catalogue)) == texts()
    assert [message.id for message in catalogue if message.id and (not message.string or message.fuzzy)] == []
    assert list(catalogue.obsolete) == []


def test_the_compiled_catalogue_says_what_the_readable_one_says(language, catalogue):
    with catalogue_file(language, ".mo").open("rb") as file:
        compiled = read_mo(file)
    assert translations(compiled) == translations(catalogue)


def test_what_is_filled_in_stays_in_the_translation(catalogue):
    for text, translation in translations(catalogue).items():
        fields = [
            sorted((name, form, how) for _, name, form, how in Formatter().parse(version) if name is not None)
            for version in (text, translation)
        ]
        assert fields[0] == fields[1], text


def test_the_key_that_leads_to_a_control_stays_the_same(catalogue):
    # Labels alone begin a word with an underscore.
    for text, translation in translations(catalogue).items():
        if "{" not in text:
            assert mnemonic(text) == mnemonic(translation), text


def test_the_dialogs_keys_lead_to_one_control_each():
    # R, C, O, L, S, H: the buttons that GIMP puts into every such dialog.
    keys = [mnemonic(text) for text in texts() if "_" in text and "{" not in text and not text.endswith("…")]
    assert sorted([*keys, *"RCOLSH"]) == sorted({*keys, *"RCOLSH"})


@pytest.mark.parametrize(
    ("wanted", "said"), [("zh_CN", "上色"), ("zh_CN:en", "上色"), ("de", "Colorize"), ("", "Colorize")]
)
def test_the_language_of_gimps_window_decides(wanted, said):
    program = "from photochrom_filter.texts import _; import sys; sys.stdout.buffer.write(_('Colorize').encode())"
    environment = {**os.environ, "PYTHONPATH": str(PLUG_IN), "LC_ALL": "C.UTF-8", "LANGUAGE": wanted}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode() == said
