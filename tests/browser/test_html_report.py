"""The report page in a real browser: what is seen, by pixels, and what the keyboard and the mouse do to it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from tests.browser.conftest import messages, show

from photochrom.conversion.options import ConvertOptions
from photochrom.conversion.result import ConvertReport, FileResult, Preview, Progress
from photochrom.report.html_report import HtmlReport

GREY = (120, 120, 120)
ORANGE = (40, 120, 230)
"""BGR of a photograph before and after."""
HOSTILE = "<img src=x onerror=document.title='taken'>\"'&amp;.jpg"
LONG = "a very long name without a single hyphen " + 20 * "abcdefghij" + ".jpg"


def preview(width: int, height: int) -> Preview:
    def webp(bgr: tuple[int, int, int]) -> bytes:
        done, data = cv2.imencode(".webp", np.full((height, width, 3), bgr, np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 101])
        assert done
        return data.tobytes()

    return Preview(before=webp(GREY), after=webp(ORANGE))


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The address of a report of four photographs done, the last one tall, two failed and one skipped."""
    path = tmp_path / "report.html"
    options = ConvertOptions(preview_side=320)
    sizes = {"a.jpg": (320, 240), HOSTILE: (320, 240), LONG: (320, 240), "tall.jpg": (107, 320)}
    results = [
        *(
            FileResult(source=Path(name), status="done", target=Path(name), width=10 * width, height=10 * height)
            for name, (width, height) in sizes.items()
        ),
        FileResult(source=Path("cut.jpg"), status="failed", reason="cut.jpg: is cut off"),
        FileResult(source=Path(HOSTILE), status="failed", reason=f"{HOSTILE}: is <b>empty</b>"),
        FileResult(source=Path("there.jpg"), status="skipped"),
    ]
    with HtmlReport(path, options) as report:
        for finished, result in enumerate(results, start=1):
            pictures = preview(*sizes[str(result.source)]) if result.status == "done" else None
            report.add(Progress(finished=finished, total=len(results), result=result, preview=pictures))
        report.finish(
            ConvertReport(
                results=tuple(results),
                remaining=0,
                passed_over=0,
                model="colorize 1.0",
                device="cpu",
                engine="opencv",
                seconds=12.5,
            )
        )
    return path.as_uri()


def visit(browser: Chrome, page: str, *, scripts: bool = True) -> None:
    """Open a page, with all of its pictures decoded."""
    browser.get(page)
    if scripts:
        decoded = "Promise.all([...document.images].map((image) => image.decode())).then(arguments[0])"
        browser.execute_async_script(decoded)


def seen(element: WebElement) -> MatLike:
    """(H, W, 3) BGR of an element as it is on the screen."""
    pixels = cv2.imdecode(np.frombuffer(element.screenshot_as_png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def colours(pair: WebElement) -> str:
    """What is seen at 10 %, 30 %, 70 % and 90 % of the width, an eighth from the top: g for grey, o for orange."""
    pixels = seen(pair)
    found = ""
    for share in (0.1, 0.3, 0.7, 0.9):
        pixel = pixels[pixels.shape[0] // 8, round(share * pixels.shape[1])].astype(int)
        (letter,) = [name for name, colour in {"g": GREY, "o": ORANGE}.items() if abs(pixel - colour).max() < 12]
        found += letter
    return found


def press(browser: Chrome, key: str, times: int = 1) -> None:
    ActionChains(browser, duration=0).send_keys(key * times).perform()


def pairs(browser: Chrome) -> list[WebElement]:
    return browser.find_elements(By.CLASS_NAME, "pair")


def test_the_keyboard_alone_moves_the_edge_between_before_and_colour(browser: Chrome, page: str):
    visit(browser, page)
    first, second, *_ = pairs(browser)
    assert colours(first) == "ggoo"
    press(browser, Keys.TAB, 2)  # over the slider for all of them to the first picture
    press(browser, Keys.END)
    assert colours(first) == "gggg"
    press(browser, Keys.HOME)
    assert colours(first) == "oooo"
    press(browser, Keys.ARROW_RIGHT, 20)
    assert colours(first) == "gooo"
    press(browser, Keys.ARROW_LEFT, 15)
    assert colours(first) == "oooo"
    press(browser, Keys.PAGE_UP, 8)
    assert colours(first) == "gggo"
    assert colours(second) == "ggoo"
    press(browser, Keys.TAB)
    press(browser, Keys.END)
    assert colours(second) == "gggg"
    assert colours(first) == "gggo"


def test_the_mouse_moves_the_edge_to_where_it_is(browser: Chrome, page: str):
    visit(browser, page)
    first = pairs(browser)[0]
    width = first.size["width"]
    to_the_left = -round(0.3 * width)
    ActionChains(browser).move_to_element_with_offset(first, to_the_left, 0).click().perform()
    assert colours(first) == "gooo"
    ActionChains(browser).move_to_element(first).click_and_hold().move_by_offset(round(0.3 * width), 0).perform()
    assert colours(first) == "gggo"
    ActionChains(browser).release().perform()


def test_one_slider_moves_all_edges(browser: Chrome, page: str):
    visit(browser, page)
    press(browser, Keys.TAB)
    press(browser, Keys.END)
    assert [colours(pair) for pair in pairs(browser)] == ["gggg"] * 4
    press(browser, Keys.HOME)
    assert [colours(pair) for pair in pairs(browser)] == ["oooo"] * 4


def test_a_screen_reader_is_told_what_is_moved_and_where_to(browser: Chrome, page: str):
    visit(browser, page)
    everywhere, first, *_ = browser.find_elements(By.CSS_SELECTOR, "input")
    assert everywhere.accessible_name == "All at once"
    assert (first.aria_role, first.accessible_name) == ("slider", "a.jpg: edge between before and colour")
    press(browser, Keys.TAB, 2)
    press(browser, Keys.ARROW_RIGHT, 10)
    assert first.get_attribute("aria-valuetext") == "60 % before, 40 % in colour"


def test_it_is_seen_which_picture_has_the_keyboard(browser: Chrome, page: str):
    visit(browser, page)
    body = browser.find_element(By.TAG_NAME, "body")
    without = seen(body)
    press(browser, Keys.TAB, 2)
    ring = (seen(body).astype(int) - without).any(axis=2).sum()
    outline = 2 * sum(pairs(browser)[0].size.values())
    assert 2 * outline < ring < 4 * outline  # it is 3 pixels wide


def test_failures_and_skipped_ones_are_listed_and_hostile_names_are_text(browser: Chrome, page: str):
    visit(browser, page)
    assert browser.title == "4 photographs colorized, 2 failed, 1 skipped – photochrom"
    failures = browser.find_element(By.CSS_SELECTOR, ".failures").text
    assert failures == f"cut.jpg\nis cut off\n{HOSTILE}\nis <b>empty</b>"
    captions = [caption.text for caption in browser.find_elements(By.TAG_NAME, "bdi")]
    assert captions[2:5] == ["a.jpg", HOSTILE, LONG]
    (skipped,) = browser.find_elements(By.TAG_NAME, "details")
    assert skipped.text == "Skipped (1)"
    skipped.find_element(By.TAG_NAME, "summary").click()
    assert skipped.text == "Skipped (1)\nthere.jpg"


def test_nothing_is_fetched_from_anywhere(browser: Chrome, page: str):
    visit(browser, page)
    assert [colours(pair) for pair in pairs(browser)] == ["ggoo"] * 4  # all is shown
    events = [json.loads(message)["message"] for message in messages(browser, "performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert page in asked
    assert [url for url in asked if not url.startswith("data:image/webp;base64,")] == [page]


@pytest.mark.parametrize("how", ["no scripts", "print"])
def test_both_pictures_are_seen_without_scripts_and_on_paper(browser: Chrome, page: str, how: str):
    scripts = how != "no scripts"
    show(browser, scripts=scripts, medium="print" if how == "print" else "screen")
    visit(browser, page, scripts=scripts)
    pictures = browser.find_elements(By.TAG_NAME, "img")
    assert [colours(picture) for picture in pictures] == ["gggg", "oooo"] * 4
    for before, after in zip(pictures[::2], pictures[1::2], strict=True):
        assert before.rect["x"] + before.rect["width"] <= after.rect["x"]
        assert before.rect["y"] == after.rect["y"]
    assert not [slider for slider in browser.find_elements(By.TAG_NAME, "input") if slider.is_displayed()]


def test_a_tall_photograph_keeps_its_shape_and_fits_on_the_screen(browser: Chrome, page: str):
    visit(browser, page)
    wide, *_, tall = (pair.size for pair in pairs(browser))
    assert wide["width"] / wide["height"] == pytest.approx(320 / 240, rel=0.01)
    assert tall["width"] / tall["height"] == pytest.approx(107 / 320, rel=0.02)
    assert tall["height"] < 600


@pytest.mark.parametrize("width", [320, 390, 1600])
def test_nothing_sticks_out_at_the_side(browser: Chrome, page: str, width: int):
    show(browser, width=width)
    visit(browser, page)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert colours(pairs(browser)[0]) == "ggoo"


def test_the_page_is_dark_for_those_who_like_it_so(browser: Chrome, page: str):
    brightness = {}
    for scheme in ("light", "dark"):
        show(browser, scheme=scheme)
        visit(browser, page)
        heading = seen(browser.find_element(By.TAG_NAME, "h1"))
        brightness[scheme] = np.median(heading), abs(heading.astype(int) - np.median(heading)).max()
    assert brightness["light"][0] > 220
    assert brightness["dark"][0] < 40
    assert min(contrast for _, contrast in brightness.values()) > 180
