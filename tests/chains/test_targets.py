import numpy as np

from automl_skin.chains.targets import TrainingLabels, to_target_classes

CLASS_OF = {"nevus": 0, "melanoma": 1, "carcinoma": 1}


def labels():
    words = ["nevus", "melanoma", "carcinoma", "nevus"]
    return TrainingLabels.from_values(np.array([0, 1, 1, 0]), words, CLASS_OF, 2)


def test_both_levels_agree():
    codes, class_of = labels().at_level("diagnosis")
    target, same = labels().at_level("target")
    assert np.array(class_of)[codes].tolist() == target.tolist() == [0, 1, 1, 0]
    assert same == (0, 1)


def test_take():
    taken = labels().take(np.array([2, 0]))
    assert taken.target.tolist() == [1, 0]
    assert taken.at_level("diagnosis")[0].tolist() == labels().diagnosis[[2, 0]].tolist()


def test_diagnoses_are_summed_into_classes():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), size=6)
    summed = to_target_classes(probabilities, (2, 0, 1, 0, 2), 3)
    expected = np.column_stack(
        [probabilities[:, [1, 3]].sum(axis=1), probabilities[:, 2], probabilities[:, [0, 4]].sum(axis=1)]
    )
    np.testing.assert_allclose(summed, expected, atol=1e-15)
