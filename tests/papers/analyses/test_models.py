import numpy as np
import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.analyses.models import check_options, chosen_models, columns_of


def test_all_cells_with_figures_by_default_out_of_fold(context):
    made = context()
    chosen = chosen_models(made, {})
    assert list(chosen.parts) == ["good", "chance"]
    assert sum(len(labels) for labels, _ in chosen.parts["good"]) == len(made.labels)
    assert chosen.note.startswith("Out of fold")


def test_labels_for_readers_and_what_was_not_run(context):
    chosen = chosen_models(context(), {"cells": {"good": "image", "absent": "ResNet-50"}, "locked": True})
    assert list(chosen.parts) == ["image"]
    assert chosen.missing == ("ResNet-50 (no weights)",)
    assert "Not shown: ResNet-50 (no weights)." in chosen.note
    assert len(chosen.parts["image"]) == 5
    assert len({len(labels) for labels, _ in chosen.parts["image"]}) == 1


def test_before_the_locked_cases_are_opened_those_out_of_fold_are_shown(context):
    assert not chosen_models(context(locked=False), {"locked": True}).locked


def test_slips_are_named(context):
    made = context()
    with pytest.raises(ConfigError, match="'godo' is none; they are good, chance, absent"):
        chosen_models(made, {"cells": ["godo"]})
    with pytest.raises(ConfigError, match=r"no class 'melanoma'; the classes are a, b, c, d"):
        columns_of(made, ["melanoma"])
    with pytest.raises(ConfigError, match="the analysis roc has the options cells; found 'cell'"):
        check_options("roc", {"cell": []}, ("cells",))
    assert columns_of(made, ["b", "a"]) == (1, 0)
    assert np.array_equal(columns_of(made, ()), ())
