import re
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.workflow.dry_run import Probe, estimate, probe
from automl_skin.workflow.networks import embedding_sets
from automl_skin.workflow.study import open_study
from automl_skin.workflow.understand import understand


def quiet(what):
    return lambda done, total: None


@pytest.fixture
def study(tiny, end_to_end, tmp_path):
    """A study that nobody has begun, in a workspace that is not there."""
    workspace = type(tiny.workspace)(tmp_path / "not" / "there", tiny.workspace.cache)
    given = {"data": str(tiny.table), "images": str(tiny.images), **end_to_end.SETTINGS, **end_to_end.BINARY}
    return open_study(workspace, "mine", given)


def test_names_what_a_search_would_do_and_begins_nothing(tiny, study, tmp_path):
    text = "\n".join(estimate(study, quiet))
    plan = tiny.study.read_plan()
    assert f"{len(plan.development)} development cases in 3 folds, {len(plan.locked)} locked" in text
    assert "Stage one: test_resnet.random@plain, " in text
    assert " 0 to compute: 0.0 min" in text
    assert "Trials:    6 by 1 workers" in text
    assert "GB free" in text
    assert text.endswith("Nothing was begun; leave out --dry-run to search.")
    assert not list(tmp_path.iterdir())


def test_an_empty_cache_makes_every_image_count(tiny, study, tmp_path):
    empty = replace(study.workspace, cache=tmp_path / "cache")
    seen = understand(study.config, tiny.workspace.cache, quiet)
    (each,) = embedding_sets(study.config)
    found = probe(replace(study, workspace=empty), each, seen)
    assert found.missing == len(tiny.rows)
    assert found.n_dimensions == np.load(tiny.study.material / "embeddings" / f"{each.name}.npy").shape[1]
    assert Probe("slow", 512, 20.0, 3000).seconds == pytest.approx(150.0)


def test_refuses_what_the_search_would_refuse(tiny, study, tmp_path):
    names = [f"gone{k}" if k < 10 else name for k, name in enumerate(tiny.rows["image_id"])]
    tiny.rows.assign(image_id=names).to_csv(tmp_path / "gone.csv", index=False)
    config = replace(study.config, data=str(tmp_path / "gone.csv"))
    with pytest.raises(InputError, match="--allow-missing"):
        estimate(replace(study, config=config), quiet)


def test_says_what_tuning_would_do_and_about_how_long(tiny, study, tmp_path):
    assert "Tuning:    none, since there is no GPU and no budget" in "\n".join(estimate(study, quiet))
    config = study.config.with_settings({"tuning": ["full", "joint"], "tuning_set": ["epochs=1"]})
    lines = estimate(replace(study, config=config), quiet)
    assert (
        "Tuning:    then full, joint on every set, the best-ranked first, within as long as it takes" in lines
    )
    (line,) = [line for line in lines if "test_resnet.random plain joint-1-epochs:" in line]
    assert re.search(r"\d+ images/s, about \d+ (s|min) on all folds$", line)
    assert not list(tmp_path.iterdir())
    none = study.config.with_settings({"tuning": ["none"]})
    assert "Tuning:    none" in estimate(replace(study, config=none), quiet)
