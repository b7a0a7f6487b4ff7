from automl_skin.steps import check
from automl_skin.steps.events import silent
from automl_skin.synthetic.folder import SyntheticStudy


def test_a_look_begins_no_study(tiny, tmp_path):
    workspace = type(tiny.workspace)(tmp_path / "work", tiny.workspace.cache)
    given = {"data": str(tiny.table), "images": str(tiny.images), "target": "diagnosis"}
    seen = check.check_data(workspace, {**given, "positive": ["melanoma"]}, silent)
    assert list(seen.manifest.cases.index) == list(tiny.rows["image_id"])
    assert seen.manifest.target.positive == ("melanoma",)
    assert seen.shortcuts.n_cases < len(tiny.rows)  # development cases of the plan that a search would make
    assert any(line.startswith("Acquisition facts alone") for line in seen.lines)
    assert not list(tmp_path.iterdir())


def test_a_look_is_not_refused_for_missing_images(tiny, tmp_path):
    (tmp_path / "empty").mkdir()
    given = {"data": str(tiny.table), "images": str(tmp_path / "empty"), "target": "diagnosis"}
    seen = check.check_data(tiny.workspace, given, silent)
    assert len(seen.manifest.cases) == len(tiny.rows)
    assert seen.readable.empty


def test_without_a_table_the_synthetic_study_of_that_seed_is_drawn(tiny, monkeypatch):
    drawn = []

    def generate(folder, seed, progress):
        drawn.append((folder.parent, seed))
        return SyntheticStudy(tiny.table, tiny.images, tiny.table, {})

    monkeypatch.setattr(check, "generate", generate)
    seen = check.check_data(tiny.workspace, {"seed": 5}, silent)
    assert drawn == [(tiny.workspace.cache, 5)]
    assert seen.manifest.target.column == "diagnosis"
    assert len(seen.manifest.cases) == len(tiny.rows)
