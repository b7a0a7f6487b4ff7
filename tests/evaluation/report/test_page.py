"""The page in a browser: headless Chromium, of the distribution's packages.

`.ci/run` installs it and names it in AUTOML_SKIN_CHROMIUM; elsewhere the tests look for it and skip without.
"""

import os
import shutil

import pytest

from automl_skin.settings import Workspace

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright (extra `test`)")
CHROMIUM = os.environ.get("AUTOML_SKIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

LOST_ANCHORS = """
[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))
    .filter(href => !href.startsWith('#') || document.getElementById(href.slice(1)) === null)
"""
BROKEN_PICTURES = """
[...document.images].filter(i => !i.complete || i.naturalWidth === 0 || !i.alt).map(i => i.outerHTML.slice(0, 99))
"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Open a page; return it with what it said to the console and what it asked of the world."""
    opened = []

    def open_page(path, width):
        page = browser.new_page(viewport={"width": width, "height": 900})
        opened.append(page)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        own = {path.as_uri()}
        return page, said, [url for url in asked if url not in own and not url.startswith("data:")]

    yield open_page
    for page in opened:
        page.close()


@pytest.fixture(scope="module")
def report_of_several(tiny, end_to_end, make_once):
    """The report of a study of several classes, as its search wrote it."""

    def make(folder):
        workspace = Workspace.at(folder, tiny.workspace.cache)
        data = {"data": str(tiny.table), "images": str(tiny.images), "target": "diagnosis"}
        end_to_end.search(workspace, "several", **data, trials=3)

    return make_once("report_of_several", make) / "studies" / "several" / "report" / "report.html"


@pytest.fixture(scope="module", params=["as the search wrote it", "of several classes", "with a gallery"])
def report(request, tiny, end_to_end, tmp_path_factory):
    if request.param == "as the search wrote it":
        return tiny.study.report / "report.html"
    if request.param == "of several classes":
        return request.getfixturevalue("report_of_several")
    path = tmp_path_factory.mktemp("gallery") / "report.html"
    places = end_to_end.places(tiny.workspace)
    done = end_to_end.command("report", "--study", "tiny", "--gallery", "--output", path, *places)
    assert done.code == 0, done.errors
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_quiet_whole_and_fits(visit, report, width):
    page, said, asked = visit(report, width)
    assert said == []
    assert asked == []
    assert page.evaluate(LOST_ANCHORS) == []
    assert page.evaluate(BROKEN_PICTURES) == []
    assert page.evaluate("document.images.length") >= 7
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints_without_cutting_off_its_tables(visit, report):
    page, *_ = visit(report, 700)  # about the width of A4 paper
    page.emulate_media(media="print")
    cut = "[...document.querySelectorAll('.scroll')].filter(box => box.scrollWidth > innerWidth).length"
    assert page.evaluate(cut) == 0
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("mischief", "found"),
    [
        ("<img src='http://example.org/x.png' alt='x'>", "asked"),
        ("<p style='width: 2000px'>wide</p>", "wide"),
        ("<a href='#nowhere'>lost</a>", "lost"),
        ("<script>console.log(1)</script>", "said"),
    ],
)
def test_mischief_is_found(visit, tiny, tmp_path, mischief, found):
    text = (tiny.study.report / "report.html").read_text(encoding="utf-8")
    path = tmp_path / "bad.html"
    path.write_text(text.replace("</main>", f"{mischief}</main>"), encoding="utf-8")
    page, said, asked = visit(path, 390)
    seen = {
        "asked": bool(asked or said),  # the page's own policy refuses it, and says so
        "wide": page.evaluate("document.documentElement.scrollWidth") > 390,
        "lost": bool(page.evaluate(LOST_ANCHORS)),
        "said": bool(said),
    }
    assert seen[found]


def test_several_classes_have_names_and_nothing_of_a_threshold(report_of_several):
    text = report_of_several.read_text(encoding="utf-8")
    for words in (
        "of class 0",
        "not by the larger probability",
        "A slope of 1",
        "stored threshold",
        "the positive",
    ):
        assert words not in text
    assert "mean over the classes" in text or "means over the classes" in text
