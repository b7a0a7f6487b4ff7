"""The page as text; `test_page.py` looks at it in a browser."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from automl_skin.evaluation.report.render import SECTIONS

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Ids, links, headings and pictures of a page, and tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.headings, self.pictures, self.open = Counter(), [], [], [], []
        self.tags = Counter()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags[tag] += 1
        self.ids.update([given["id"]] if "id" in given else [])
        self.links += [given["href"]] if tag == "a" else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h\d", tag) else []
        self.pictures += [given] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(tiny):
    return (tiny.study.report / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_every_link_leads_to_a_place_in_it(page):
    assert page.open == []
    assert set(page.ids.values()) == {1}
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert all(link.startswith("#") for link in page.links)
    assert set(SECTIONS) <= set(page.ids)


def test_headings_go_down_step_by_step_and_pictures_have_words(page):
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert all(picture["alt"] and picture["src"].startswith("data:image/") for picture in page.pictures)
    assert page.tags["script"] == 0


def test_sections_stand_in_the_order_of_a_readers_questions(text):
    places = [text.index(f'<h2 id="{anchor}">') for anchor in SECTIONS]
    assert places == sorted(places)


def test_a_whole_run_answers_three_fifths_of_tripod(text):
    # the tables of the tiny study name two sources, which are too small to be left out
    found = re.search(r"TRIPOD\+AI</a>: (\d+) of 52 items answered by this run", text)
    assert found is not None
    assert int(found[1]) >= 0.56 * 52
    assert "not measured in this run" in text
