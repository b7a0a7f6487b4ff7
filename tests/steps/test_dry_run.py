import re
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import ConfigError, InputError
from automl_skin.heads.catalogue import FAMILIES
from automl_skin.images.shifts import SHIFTS
from automl_skin.networks import NetworkId
from automl_skin.steps import forecast
from automl_skin.steps.dry_run import estimate
from automl_skin.steps.events import silent
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.prepare import draw_plan
from automl_skin.steps.probe import Loading, Photographs, Probe, probe
from automl_skin.steps.trial_cost import estimate_trials
from automl_skin.steps.understand import understand
from automl_skin.study.study import open_study


@pytest.fixture
def study(tiny, end_to_end, tmp_path):
    """A study that nobody has begun, in a workspace that is not there."""
    workspace = type(tiny.workspace)(tmp_path / "not" / "there", tiny.workspace.cache)
    given = {"data": str(tiny.table), "images": str(tiny.images), **end_to_end.SETTINGS, **end_to_end.BINARY}
    return open_study(workspace, "mine", given)


def test_names_what_a_search_would_do_and_begins_nothing(tiny, study, tmp_path):
    text = "\n".join(estimate(study, silent))
    plan = tiny.study.read_plan()
    assert f"{len(plan.development)} development cases in 3 folds, {len(plan.locked)} locked" in text
    assert "Stage one: test_resnet.random@plain, " in text
    assert " 0 to compute: 0 s" in text
    assert "Trials:    6 by 1 workers: about " in text
    assert "Stack:     chains of about 6 trials again" in text
    assert "In all:    about " in text
    assert "GB free" in text
    assert text.endswith("Nothing was begun; leave out --dry-run to search.")
    assert not list(tmp_path.iterdir())


def test_an_empty_cache_makes_every_image_count(tiny, study, tmp_path):
    empty = replace(study.workspace, cache=tmp_path / "cache")
    seen = understand(study.config, tiny.workspace.cache, silent)
    (each,) = frozen_networks(study.config)
    found = probe(replace(study, workspace=empty), each, Photographs.of_understanding(seen))
    assert found.missing == len(tiny.rows)
    assert found.n_dimensions == np.load(tiny.study.material / "embeddings" / f"{each.name}.npy").shape[1]
    assert found.loading.plain > 0.0
    slow = Probe(NetworkId("slow", "plain"), 512, 20.0, 3000, Loading(0.01, 0.05))
    assert slow.seconds == pytest.approx(3000 * 0.06)
    assert slow.shifted_seconds(100) == pytest.approx(100 * len(SHIFTS) * 0.1)


def seconds_of(lines, step):
    """Return the seconds that a line says."""
    line = next(line for line in lines if line.startswith(f"{step}:"))
    hours, minutes, seconds = (
        int(found[1]) if (found := re.search(rf"(\d+) {unit}", line.partition(": about ")[2] or line)) else 0
        for unit in ("h", "min", "s")
    )
    return 3600 * hours + 60 * minutes + seconds


def test_every_step_is_in_the_total_the_shifts_included(tiny, study, monkeypatch):
    """They were left out, and a search of seven minutes was to take 0.4."""
    slow = Probe(NetworkId("test_resnet.random", "plain"), 32, 100.0, 300, Loading(0.0, 0.19))
    monkeypatch.setattr(forecast, "probe", lambda *_: slow)
    n_cases = len(tiny.study.read_plan().development)
    asked = study.config.with_settings({"shift_cases": n_cases - 3, "trials": 9, "tuning": ["none"]})
    lines = estimate(replace(study, config=asked), silent)
    assert f"Shifts:    {n_cases - 3:,} images under 12 shifts by 1 networks" in "\n".join(lines)
    assert seconds_of(lines, "Shifts") == pytest.approx(12 * (n_cases - 3) * 0.2, abs=31)
    parts = sum(seconds_of(lines, step) for step in ("Trials", "Stack", "Shifts")) + slow.seconds
    assert seconds_of(lines, "In all") == pytest.approx(parts, abs=91)
    none = estimate(replace(study, config=asked.with_settings({"shift_cases": 0})), silent)
    assert "Shifts:    none" in none
    assert seconds_of(none, "In all") < seconds_of(lines, "In all")


def test_a_budget_is_divided_among_the_steps(tiny, study, tmp_path):
    asked = study.config.with_settings({"budget_seconds": 600.0, "trials": None, "tuning": ["none"]})
    lines = estimate(replace(study, config=asked), silent)
    (line,) = [line for line in lines if line.startswith("Budget:    10 min, planned: ")]
    assert re.search(r"trials \d+ min, stack .* report 15 s; about \d+ trials$", line)
    planned = int(re.search(r"about (\d+) trials", line)[1])
    assert planned > 200
    assert f"Trials:    {planned} by 1 workers" in "\n".join(lines)
    with pytest.raises(
        ConfigError, match=r"--budget: expected at least about \d+ s .* got 3 s\. Give it more"
    ):
        estimate(replace(study, config=asked.with_settings({"budget_seconds": 3.0})), silent)
    assert not list(tmp_path.iterdir())


def test_what_trials_cost_follows_the_space(study):
    understanding = understand(study.config, study.workspace.cache, silent)
    plan = draw_plan(study.config, understanding)

    def cost(**changes):
        dimensions = {NetworkId("a", "plain"): 1280, NetworkId("b", "plain"): 1280}
        return estimate_trials(study.config.with_settings(changes), understanding.manifest, plan, dimensions)

    usual, cheap = cost(family=list(FAMILIES)), cost(family=["logistic"])
    assert usual.proposed > cheap.proposed > 0.0
    assert len(usual.fixed) > len(cheap.fixed) >= 3
    assert usual.search_seconds(40, 1) > usual.search_seconds(40, 4) > usual.search_seconds(20, 4)
    assert usual.refit_seconds(10, 2) == pytest.approx(2 * usual.refit_seconds(5, 2))


def test_refuses_what_the_search_would_refuse(tiny, study, tmp_path):
    names = [f"gone{k}" if k < 10 else name for k, name in enumerate(tiny.rows["image_id"])]
    tiny.rows.assign(image_id=names).to_csv(tmp_path / "gone.csv", index=False)
    config = replace(study.config, data=(str(tmp_path / "gone.csv"),))
    with pytest.raises(InputError, match="--allow-missing"):
        estimate(replace(study, config=config), silent)


def test_says_what_tuning_would_do_and_about_how_long(tiny, study, tmp_path):
    assert "Tuning:    none, since there is no GPU and no budget" in "\n".join(estimate(study, silent))
    config = study.config.with_settings({"tuning": ["full", "joint"], "tuning_set": ["epochs=1"]})
    lines = estimate(replace(study, config=config), silent)
    assert (
        "Tuning:    then full, joint on every set, the best-ranked first, within as long as it takes" in lines
    )
    (line,) = [line for line in lines if "test_resnet.random plain joint-1-epochs:" in line]
    assert re.search(r"\d+ images/s, about \d+ (s|min) on all folds$", line)
    assert not list(tmp_path.iterdir())
    none = study.config.with_settings({"tuning": ["none"]})
    assert "Tuning:    none" in estimate(replace(study, config=none), silent)
