"""The report as its readers see it: in Chromium, on a wide and on a narrow screen, light and dark.

What is looked for: nothing is asked of a network, nothing fails, everything that can be clicked
works, and nobody is kept out (axe-core). Without a browser these tests are skipped; where CI is
set they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from idem.data.sources import npm_archive, npm_members
from stages.report.page.build import report
from stages.report.page.metrics import Metrics
from tests import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = "axe-core@4.14.1"
AXE_DIGEST = (
    "sha512:1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b73"
    "4f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)
AXE_BYTES = 20_000_000
LARGEST = 8_000_000  # bytes of the page
WIDE, NARROW = (1280, 900), (390, 844)
A4 = 718  # pixels between the margins
RUN_AXE = """async (only) => (await axe.run(
  {exclude: ["math"]}, only.length ? {runOnly: only} : {}
)).violations"""  # of formulas, which are most of the page, it knows nothing


def lacking(what: str) -> NoReturn:
    """Skip for a user without a browser; where tests have to run, fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of this checkout once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        page = report(Metrics())
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        lacking(f"no browser: expected one of {', '.join(BROWSERS)}; apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("no playwright: pip install playwright")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=root)


@pytest.fixture(scope="module")
def axe() -> str:
    """Return axe-core's source, from npm."""
    try:
        archive = npm_archive(AXE, AXE_DIGEST, ROOT / ".cache", AXE_BYTES)
    except ValueError as error:
        lacking(f"no axe-core: {error}")
    (script,) = npm_members(archive, {"axe.min.js": AXE_BYTES})
    return script.decode()


@pytest.fixture(scope="module")
def opened(browser: "Browser", written: Path) -> "Iterator[tuple[Page, list[str]]]":
    """Open the report once; yield it with all that fails or is asked for, which grows."""
    address = written.as_uri()
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))

    def asked(request: "Request") -> None:
        if request.url != address and not request.url.startswith("data:"):
            faults.append(request.url[:99])

    page.on("request", asked)
    page.goto(address)
    yield page, faults
    context.close()


@pytest.fixture
def page(opened: "tuple[Page, list[str]]") -> "Iterator[Page]":
    """Return the report on a wide, light screen; in the end nothing may have failed."""
    page, faults = opened
    page.emulate_media(media="screen", color_scheme="light")
    page.evaluate("localStorage.clear(); delete document.documentElement.dataset.theme")
    resized(page, WIDE)
    yield page
    assert faults == []


def violations(page: "Page", axe: str, *rules: str) -> list[str]:
    """Return what axe-core finds, an entry a rule, with the first element each."""
    page.evaluate(axe)
    found = page.evaluate(RUN_AXE, rules)
    return [f"{one['id']}: {len(one['nodes'])}, {one['nodes'][0]['html'][:200]}" for one in found]


def resized(page: "Page", size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def test_the_page_is_small(written: Path):
    assert written.stat().st_size <= LARGEST


def test_every_image_loads_and_says_what_it_shows(page: "Page"):
    found = page.evaluate(
        """async () => Promise.all([...document.querySelectorAll("main img")].map(async (img) => {
          img.loading = "eager";
          await img.decode();
          return [img.naturalWidth, img.getAttribute("width"), img.alt];
        }))"""
    )
    assert len(found) > 10
    assert all(width == int(said) and len(alt) > 40 for width, said, alt in found)


def test_every_link_within_the_page_leads_somewhere(page: "Page"):
    lost = page.evaluate(
        """[...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href"))
          .filter((href) => !document.getElementById(decodeURIComponent(href.slice(1))))"""
    )
    assert lost == []
    others = page.evaluate(
        """[...document.querySelectorAll('a:not([href^="#"])')].map((a) => a.href)"""
    )
    assert all(link.startswith("https://") for link in others)
    twice = page.evaluate(
        """[...document.querySelectorAll("[id]")].map((e) => e.id)
          .filter((id, place, all) => all.indexOf(id) !== place)"""
    )
    assert twice == []


def column(page: "Page", table: str, place: int) -> list[str]:
    cells = page.locator(f"{table} tbody td:nth-child({place})")
    return [text.strip() for text in cells.all_text_contents()]


def test_a_heading_sorts_by_numbers_and_words_and_turns_round(page: "Page"):
    networks = "table:has(th button:text-is('widths'))"
    counts = column(page, networks, 3)
    heading = page.locator(f"{networks} th", has_text="parameters")
    heading.get_by_role("button").click()
    smallest_first = sorted(counts, key=lambda text: int(text.replace("\u00a0", "")))
    assert column(page, networks, 3) == smallest_first
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").click()
    assert column(page, networks, 3) == smallest_first[::-1]
    words = page.locator(".glance th", has_text="what is said").get_by_role("button")
    words.click()
    upwards = column(page, ".glance", 2)
    words.click()
    assert column(page, ".glance", 2) == upwards[::-1]
    letters = [text for text in upwards if text[0].isascii()]
    assert letters == sorted(letters, key=str.casefold)
    assert len(letters) > 20


def test_the_theme_changes_and_is_kept(page: "Page"):
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(background) == light


def test_the_system_says_which_theme_comes_first(page: "Page"):
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) != light
    assert page.get_by_role("button", name="Light").is_visible()


def test_a_figure_is_enlarged_and_put_back(page: "Page"):
    figure = page.locator("figure").first
    figure.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    large = dialog.locator("img")
    assert large.get_attribute("alt") == figure.locator("img").get_attribute("alt")
    fitted = large.bounding_box()
    large.click()
    full = large.bounding_box()
    assert fitted is not None
    assert full is not None
    assert full["width"] == int(figure.locator("img").get_attribute("width") or 0)
    assert full["width"] != fitted["width"]
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_on_a_narrow_screen_a_figure_is_enlarged_to_all_its_pixels(page: "Page"):
    resized(page, NARROW)
    figure = page.locator("figure").first
    figure.get_by_role("button").click()
    shown = page.get_by_role("dialog").locator("img").bounding_box()
    assert shown is not None
    assert shown["width"] == int(figure.locator("img").get_attribute("width") or 0)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_nothing_is_wider_than_the_screen(page: "Page", size: tuple[int, int]):
    resized(page, size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_contents_are_open_beside_the_text_alone(page: "Page"):
    opened = "document.querySelector('.contents details').open"
    assert page.evaluate(opened) is True
    resized(page, NARROW)
    assert page.evaluate(opened) is False


def test_no_two_figures_have_one_number(page: "Page"):
    labels = page.locator("figcaption b").all_text_contents()
    numbers = [label.partition(".")[0] for label in labels]
    assert len(set(numbers)) == len(numbers) > 10
    wholes = [int("".join(filter(str.isdigit, number))) for number in numbers]
    assert wholes == sorted(wholes)


def test_a_link_to_a_stage_opens_its_parameters(page: "Page"):
    page.locator(".how a").first.click()
    page.locator(":target details[open]").wait_for()  # the page is told of its new address later


def test_on_paper_it_is_light_without_buttons_and_nothing_is_cut_off(page: "Page"):
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#theme").is_visible()
    assert page.locator(".glance").is_visible()
    page.set_viewport_size({"width": A4, "height": 900})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_axe_finds_nothing_that_keeps_readers_out(page: "Page", axe: str):
    resized(page, NARROW)
    assert violations(page, axe) == []


def test_axe_finds_enough_contrast_in_the_dark_too(page: "Page", axe: str):
    page.emulate_media(color_scheme="dark")
    assert violations(page, axe, "color-contrast") == []
