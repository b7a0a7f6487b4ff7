import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.models import against_the_rest, choose_models, find_columns


def test_all_cells_with_figures_by_default_out_of_fold(context):
    made = context()
    chosen = choose_models(made)
    assert list(chosen.parts) == ["good", "chance"]
    assert sum(len(labels) for labels, _ in chosen.parts["good"]) == len(made.labels)
    assert chosen.note.startswith("Out of fold")


def test_labels_for_readers_and_what_was_not_run(context):
    chosen = choose_models(context(), {"good": "image", "absent": "ResNet-50"}, locked=True)
    assert list(chosen.parts) == ["image"]
    assert chosen.missing == ("ResNet-50 (no weights)",)
    assert "Not shown: ResNet-50 (no weights)." in chosen.note
    assert len(chosen.parts["image"]) == 5
    assert len({len(labels) for labels, _ in chosen.parts["image"]}) == 1


def test_before_the_locked_cases_are_opened_those_out_of_fold_are_shown(context):
    assert not choose_models(context(locked=False), locked=True).locked


def test_slips_are_named(context):
    made = context()
    with pytest.raises(
        ConfigError, match=r"expected cells of this variant \(good, chance, absent\), got 'godo'"
    ):
        choose_models(made, ["godo"])
    with pytest.raises(ConfigError, match=r"no class 'melanoma'; the classes are a, b, c, d"):
        find_columns(made, ["melanoma"])
    assert find_columns(made, ["b", "a"]) == (1, 0)
    assert np.array_equal(find_columns(made, ()), ())


def test_several_classes_together_against_the_rest(many):
    labels, p = against_the_rest(many, (1, 3))
    assert (labels == np.isin(many[0], (1, 3))).all()
    assert np.allclose(p[:, 1], many[1][:, 1] + many[1][:, 3])
    assert against_the_rest(many, ()) == many
