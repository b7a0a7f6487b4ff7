import re

import numpy as np

from automl_skin.papers.analyses.misaligned_labels import misaligned_labels, shuffled_aucs

FOUND = [[1496, 330, 38447, "figure 5"], [1276, 550, 32809, "figure 9"]]


def test_labels_of_other_images_leave_an_auc_of_a_half(context):
    made = context(2)
    values = shuffled_aucs(made.parts("good"), 40, np.random.default_rng(0))
    assert abs(np.mean(values) - 0.5) < 0.02
    section = misaligned_labels(made, locked=True)
    aligned, shuffled = map(
        float, re.findall(r"\| good \| (0\.\d+) ± 0\.\d+ \| (0\.\d+) ±", section.markdown)[0]
    )
    assert aligned > 0.85
    assert abs(shuffled - 0.5) < 0.05


def test_matrices_of_one_test_set_imply_the_same_number_of_benign_images(context):
    text = misaligned_labels(context(2), cells=["absent"], found=FOUND).markdown
    implied = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) \|$", text, flags=re.MULTILINE)]
    assert len(implied) == 2
    assert abs(implied[0] - implied[1]) / implied[0] < 0.001
