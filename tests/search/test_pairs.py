"""Chains without two folds have seen neither."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.chains.ranks import rank_positions
from automl_skin.features.encoder import EncoderConfig
from automl_skin.search.objective import Bench
from automl_skin.search.pairs import answer_pair

PAIR = (1, 3)


@pytest.fixture
def ask(tmp_path):
    def ask(material, *configs):
        material.write(tmp_path)
        return answer_pair(Bench(tmp_path, EncoderConfig(), 0), configs, *PAIR)

    return ask


def with_labels_turned(material, folds):
    """Return the material with other diagnoses in some folds."""
    turned = material.cases.copy()
    rows = np.isin(material.folds, folds)
    for name in ("target", "diagnosis"):
        turned.loc[rows, name] = material.cases.loc[rows, name].to_numpy()[::-1]
    return replace(material, cases=turned)


@pytest.mark.parametrize("names", [("concat", "logistic"), ("rank", "extra_trees")])
def test_no_label_of_the_two_folds_reaches_what_is_said_of_them(ask, material, small_chain, names):
    config = small_chain(*names)
    (said,) = ask(material, config)
    assert set(said) == {(1, 3), (3, 1)}
    (again,) = ask(with_labels_turned(material, PAIR), config)
    (other,) = ask(with_labels_turned(material, [0]), config)
    for folds in said:
        for part in ("outer", "inner"):
            rows = np.sum(material.folds == folds[("outer", "inner").index(part)])
            assert getattr(said[folds], part).shape == (rows, 2)
            np.testing.assert_array_equal(getattr(again[folds], part), getattr(said[folds], part))
            assert not np.array_equal(getattr(other[folds], part), getattr(said[folds], part))


def test_ranks_are_positions_in_the_inner_fold(ask, material, small_chain):
    metadata, (ranked,) = small_chain("metadata"), ask(material, small_chain("rank"))
    said, image = ask(material, metadata, small_chain("image"))
    one = ranked[1, 3]
    branches = [np.stack([each[1, 3].outer for each in (image, said)])]
    references = np.sort(np.stack([each[1, 3].inner for each in (image, said)]), axis=1)
    ranks = rank_positions(branches[0], references).mean(axis=0)
    # the metadata head of the fusion is the second branch and has a seed of its own, logistic heads use none
    np.testing.assert_allclose(one.outer, ranks / ranks.sum(axis=1, keepdims=True), atol=1e-12)
