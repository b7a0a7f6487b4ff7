import pytest

from automl_skin.evaluation.report.checklists import read_checklists

COUNTS = {"TRIPOD+AI": (52, 32), "CLAIM": (44, 27), "CLEAR Derm": (25, 11)}
"""Items of each guideline, and how many of them a whole run answers."""


def test_all_items_are_there_once_and_the_counts_are_right():
    for each in read_checklists():
        numbers = [item.number for item in each.items]
        assert (len(numbers), each.answered) == COUNTS[each.name]
        assert len(set(numbers)) == len(numbers)
        assert all(item.anchor for item in each.items if item.answer == "run")
    tripod = read_checklists()[0]
    assert len({item.number.rstrip("abcdefg") for item in tripod.items}) == 27
    assert tripod.share >= 0.6


def test_every_answer_is_one_of_four():
    answers = {item.answer for each in read_checklists() for item in each.items}
    assert answers == {"run", "author", "unknown"}


@pytest.mark.parametrize("anchor", ["locked", "sources"])
def test_what_was_not_measured_is_not_answered(anchor):
    whole, bare = read_checklists(), read_checklists({anchor})
    for before, after in zip(whole, bare, strict=True):
        touched = sum(item.answer == "run" and item.anchor == anchor for item in before.items)
        assert after.answered == before.answered - touched
    assert sum(each.answered for each in bare) < sum(each.answered for each in whole)


def test_without_sources_the_method_is_answered_and_the_results_are_not():
    items = {item.number: item.answer for item in read_checklists({"sources"})[0].items}
    assert (items["12d"], items["23b"]) == ("run", "unmeasured")


def test_which_guidelines_were_compared_with_their_text_is_recorded():
    assert {each.name: each.is_compared for each in read_checklists()} == {
        "TRIPOD+AI": True,
        "CLAIM": False,
        "CLEAR Derm": False,
    }
