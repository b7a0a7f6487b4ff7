import shutil
from dataclasses import replace

import pytest

from automl_skin.errors import IntegrityError
from automl_skin.export.bundle import read_facts
from automl_skin.metrics.thresholds import promised_thresholds
from automl_skin.scoring.decide import operating_point
from automl_skin.search.material import Material
from automl_skin.steps.locked import read_openings
from automl_skin.steps.operating import fix_operating_point, operating_points
from automl_skin.study.stack_files import StackPoint


@pytest.fixture
def study(tiny, tmp_path):
    return replace(tiny.study, folder=shutil.copytree(tiny.study.folder, tmp_path / "tiny"))


@pytest.fixture
def built(study):
    return study.stack.read()


@pytest.fixture
def material(study):
    return Material.read(study.material)


def test_the_threshold_is_of_out_of_fold_cases(study, built, material):
    stored = study.operating_point.read()
    scores = built.deployed[:, 1]
    (expected,) = promised_thresholds(material.labels, scores, material.groups, [0.95])
    assert (stored.stack, stored.point.wanted, stored.point.threshold) == (built.stack.digest, 0.95, expected)


def test_the_stored_threshold_is_measured_on_the_locked_cases_and_decides(study, tiny):
    (opening,) = read_openings(study)
    point, at = study.operating_point.read().point, opening.figures.at_threshold
    assert (at.threshold, at.wanted) == (point.threshold, point.wanted)
    assert sum(at.counts) == opening.figures.n_cases
    assert at.counts[2] + at.counts[3] == opening.figures.class_counts[1]
    assert any("At its stored threshold" in line for line in opening.figures.lines())
    assert operating_point(read_facts(tiny.bundle)) == point
    ages = [each for each in opening.figures.subgroups if each.column == "age"]
    assert sum(each.n_cases for each in ages) == opening.figures.n_cases
    assert any(each.sensitivity for each in ages)
    assert any(line.startswith(("Subgroups: ", "Warning: less good")) for line in opening.figures.lines())


def test_a_stored_point_is_not_chosen_again(study, built, material):
    stored = study.operating_point.read()
    changed = replace(stored, point=replace(stored.point, threshold=0.123))
    study.operating_point.write(changed)
    assert fix_operating_point(study, built, material).threshold == 0.123
    with pytest.raises(IntegrityError, match=r"expected the threshold .* got 0.123 for 0.95"):
        operating_points(study, built, material)


def test_another_stack_has_another_point(study, built, material):
    stored = study.operating_point.read()
    study.operating_point.write(StackPoint("of another stack", replace(stored.point, threshold=0.123)))
    assert fix_operating_point(study, built, material) == stored.point
    assert study.operating_point.read() == stored


def test_the_sensitivity_is_a_setting_of_the_study(study, built, material):
    study.operating_point.path.unlink()
    changed = replace(study, config=study.config.with_settings({"sensitivity": 0.805, "confidence": 0.9}))
    points = operating_points(changed, built, material)
    assert [each.wanted for each in points].count(0.805) == 1
    assert len(points) == 51
    assert changed.operating_point.read().point in points
    assert {each.confidence for each in points} == {0.9}
