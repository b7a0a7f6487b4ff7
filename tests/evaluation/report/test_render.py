"""The page as text; `test_page.py` looks at it in a browser."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from automl_skin.data.strength import Strength
from automl_skin.evaluation.at_threshold import AtThreshold
from automl_skin.evaluation.model_card import CardMember
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.record import in_words
from automl_skin.evaluation.report.facts import Decided
from automl_skin.evaluation.report.limits import find_concerns, find_limits, sizes_for
from automl_skin.evaluation.report.render import SECTIONS, cell, render_report
from automl_skin.metrics.intervals import Interval
from automl_skin.search.material import Material
from automl_skin.steps.card import card_facts
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.steps.report_facts import report_facts

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


def read_facts(study):
    """Return the facts of a study's report, without pictures."""
    records, material, built = study.journal.read(), Material.read(study.material), study.stack.read()
    (opening,) = read_openings(study)
    card = card_facts(study, built, material, [], opening, [])
    board = make_leaderboard(study, records, material)
    return report_facts(study, records, built, board, material, card, [], {})


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
    assert "Here it names no two, so that such differences were neither modelled nor measured" in text
    assert "not measured in this run" in text


def test_what_can_be_told_without_looking_at_a_lesion_stands_beside_the_stack(tiny, text):
    told = tiny.study.shortcuts.read()
    part = text[text.index('<h3 id="shortcuts">') : text.index('<h2 id="cannot-tell">')]
    for auc in (told.all_facts, told.all_columns, *(each.auc for each in (*told.facts, *told.columns))):
        assert cell(in_words(auc)) in part
    (opening,) = read_openings(tiny.study)
    assert cell(in_words(opening.figures.models["stack"].auc)) in part
    assert ("in place of the lesion" in part) == told.is_shortcut


def test_a_shortcut_is_a_concern_and_a_limit(tiny):
    told = tiny.study.shortcuts.read()
    strong, weak = (replace(told, all_facts=Interval(0.8, low, 0.9)) for low in (0.7, 0.5))
    for shortcuts, is_told in ((strong, True), (weak, False), (replace(told, all_facts=None), False)):
        facts = replace(read_facts(tiny.study), shortcuts=shortcuts)
        for texts in (find_concerns(facts), find_limits(facts)):
            assert (
                any("Facts of acquisition alone" in each.replace("facts of", "Facts of") for each in texts)
                == is_told
            )
        assert ("in place of the lesion (though" in render_report(facts)) == is_told


def test_open_questions_are_concerns(tiny):
    facts = read_facts(tiny.study)
    column = Strength("thickness", Interval(0.997, 0.974, 0.999))
    asked = replace(facts, shortcuts=replace(facts.shortcuts, columns=(column,)), asked=("note", "biopsied"))
    concerns = find_concerns(asked)
    assert any("Open question: thickness alone reaches an AUC of 0.997" in each for each in concerns)
    assert any("The audit asks whether note and biopsied were known" in each for each in concerns)
    settled = find_concerns(
        replace(asked, shortcuts=replace(asked.shortcuts, allowed=("thickness",)), asked=())
    )
    assert not any("Open question: thickness" in each or "The audit asks" in each for each in settled)


def with_auc(facts, auc):
    """The facts of a report whose stack has another AUC on the locked cases."""
    figures = facts.card.figures
    models = figures.models | {"stack": replace(figures.models["stack"], auc=auc)}
    return replace(facts, card=replace(facts.card, figures=replace(figures, models=models)))


def test_too_few_cases_qualify_next_steps_and_the_decision_curve(tiny):
    facts = read_facts(tiny.study)
    few = with_auc(facts, Interval(0.951, 0.266, 0.998, enough=False))
    enough = with_auc(facts, Interval(0.951, 0.93, 0.97))
    size, sure = sizes_for(few.card)[0], sizes_for(enough.card)[0]
    assert (size.low_auc, size.is_known) == (0.5, False)
    assert size.most_cases > size.cases
    assert size.most_positives > sure.most_positives > sure.positives == size.positives
    for shown, is_told in ((few, True), (enough, False)):
        page = render_report(shown)
        assert ("What was measured is too uncertain to plan by" in page) == is_told
        assert ("such a range is chance as easily as not" in page) == is_told


def test_decisions_by_diagnosis_carry_their_caveat_and_metadata_alone_has_no_photographs(tiny):
    facts = read_facts(tiny.study)
    decided = replace(facts, decided=(Decided("mel", "positive", 10, 10),))
    page = render_report(decided)
    assert "found as often as the threshold was set to find them" in page
    assert "shown, with their photographs, by" in page
    card = replace(facts.card, data=replace(facts.card.data, photographs=False, n_images=0))
    without = render_report(replace(decided, card=card))
    assert "mistakes are shown by" in without
    assert "takes a table. Fields may be missing" in without
    assert "model on clinical metadata alone" in without


def test_the_table_at_the_threshold_has_a_row_per_rate_and_one_sided_decisions_are_said(tiny):
    facts = read_facts(tiny.study)
    at = AtThreshold(
        0.01, 0.95, (0, 90, 0, 10), Interval(1.0, 0.7, 1.0), Interval(0.0, 0.0, 0.04), None, None
    )
    point = OperatingPoint(0.95, 0.01, 1.0, 0.7, 1.0, 0.0, positive_groups=10)
    figures = replace(facts.card.figures, at_threshold=at)
    page = render_report(replace(facts, card=replace(facts.card, figures=figures, operating_point=point)))
    assert "Every case is called positive" in page
    assert "asked for 0.95, which so few positive cases could not promise" in page
    for name in ("sensitivity", "specificity", "PPV", "NPV"):
        assert f'<tr><th scope="row">{name}</th>' in page


def test_nothing_is_said_of_stopped_trials_where_there_is_none_and_what_a_fold_takes_is_said(tiny):
    facts = read_facts(tiny.study)
    for states, is_told in (({"finished": 3, "stopped": 1}, True), ({"finished": 4}, False)):
        page = render_report(replace(facts, effort=replace(facts.effort, states=states)))
        assert ("Hopeless trials were stopped early" in page) == is_told
    search = replace(facts.card.search, method="best trial")
    members = tuple(CardMember(trial, "a trial", 0.5) for trial in (1, 2))
    page = render_report(replace(facts, card=replace(facts.card, search=search, members=members)))
    assert "a weight below is the share of the folds that take the trial" in page


def test_levels_that_the_stack_was_chosen_by_are_not_told(tiny, text):
    stack = tiny.study.shifts.read().models["stack"]
    part = text[text.index('<h2 id="shifts">') : text.index('<h2 id="sources">')]
    assert f"{stack.auc_sample:.3f}" not in part.replace(f"-{stack.auc_sample:.3f}", "")
    assert cell(stack.describe_mean_change()) in part
    assert "read how the levels compare" in text


def test_versions_of_what_computes_are_told(tiny, text):
    for name, version in read_facts(tiny.study).libraries.items():
        assert f"{name} {version}" in text
