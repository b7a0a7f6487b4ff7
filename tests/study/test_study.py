import json
import shutil

import pytest

from automl_skin.errors import ConfigError, StorageError
from automl_skin.settings import Workspace
from automl_skin.study.study import begin, existing_study, list_studies, open_study, study_name


@pytest.fixture
def workspace(tiny, tmp_path):
    return type(tiny.workspace)(tmp_path / "work", tiny.workspace.cache)


@pytest.mark.parametrize(
    ("given", "data", "name"),
    [
        ("mine", "x.csv", "mine"),
        ("", "", "synthetic"),
        ("", "a/ham.csv", "ham"),
        ("", "/a/ham10000/metadata.csv", "ham10000"),
    ],
)
def test_names(given, data, name):
    assert study_name(given, {"data": data}) == name


def test_flags_win_over_the_file(workspace):
    folder = workspace.studies / "mine"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text('trials = 7\nseed = 3\nsize = "64"\n')
    opened = open_study(workspace, "mine", {"trials": 9})
    assert (opened.config.trials, opened.config.seed, opened.config.size) == (9, 3, "64")


def test_written_file_continues_the_study(tiny, workspace, end_to_end):
    flags = {"data": str(tiny.table), "images": str(tiny.images), **end_to_end.SETTINGS, **end_to_end.BINARY}
    opened = open_study(workspace, "mine", flags)
    begin(opened)
    assert open_study(workspace, "mine", {}).config == opened.config
    assert existing_study(workspace, "mine").config == opened.config
    assert "search --study mine" in (opened.folder / "study.toml").read_text()


def test_places_and_totals_may_change_and_nothing_else(tiny, workspace, end_to_end):
    begin(open_study(workspace, "mine", {**end_to_end.SETTINGS, **end_to_end.BINARY}))
    open_study(workspace, "mine", {"trials": 50, "jobs": 2, "device": "auto", "timeout_seconds": 5.0})
    with pytest.raises(
        ConfigError,
        match=r"views: 1, now 4\)\. Continue it with the same settings, or give these another --study",
    ):
        open_study(workspace, "mine", {"views": 4})


def test_relative_paths_hold_from_everywhere(tiny, workspace, monkeypatch):
    monkeypatch.chdir(tiny.table.parent)
    opened = open_study(
        workspace, "mine", {"data": "metadata.csv", "images": "images", "target": "diagnosis"}
    )
    assert opened.config.data == (str(tiny.table),)
    assert opened.config.images == str(tiny.images)


def test_study_by_path(workspace, tmp_path):
    assert open_study(workspace, str(tmp_path / "else" / "mine"), {}).folder == tmp_path / "else" / "mine"


def test_what_was_never_begun_lists_what_was(tiny, workspace):
    with pytest.raises(ConfigError, match=r"no study has begun in .*--study mine`$"):
        existing_study(workspace, "mine")
    with pytest.raises(ConfigError, match=r"name one of: .*tiny"):
        existing_study(tiny.workspace, "mine")


def begin_named(workspace, end_to_end, *names):
    for name in names:
        begin(open_study(workspace, name, {**end_to_end.SETTINGS, **end_to_end.BINARY}))


def test_without_a_name_the_only_study_is_meant(workspace, end_to_end):
    with pytest.raises(ConfigError, match=r"no study has begun in .*synthetic; begin it with"):
        existing_study(workspace, "")
    begin_named(workspace, end_to_end, "mine")
    assert existing_study(workspace, "").name == "mine"
    (workspace.studies / "not begun").mkdir()
    assert existing_study(workspace, "").name == "mine"


def test_without_a_name_several_studies_are_listed(workspace, end_to_end):
    begin_named(workspace, end_to_end, "yours", "mine", "synthetic")
    with pytest.raises(ConfigError, match=r"has several studies: mine, synthetic, yours$"):
        existing_study(workspace, "")
    assert existing_study(workspace, "yours").name == "yours"


def test_paths_among_the_settings_may_be_paths(tiny, workspace, tmp_path):
    plan = tmp_path / "plan.csv"
    plan.write_text("case,fold\n")
    given = {"data": tiny.table, "images": tiny.images, "weights_dir": tmp_path, "split": plan}
    config = open_study(workspace, "mine", {**given, "target": "diagnosis"}).config
    assert (config.data, config.images) == ((str(tiny.table),), str(tiny.images))
    assert (config.weights_dir, config.split) == (str(tmp_path), str(plan))


def test_studies_are_listed(tiny):
    rows = {row[0]: row for row in list_studies(tiny.workspace)}
    assert rows["synthetic"][1] == "ships with automl-skin"
    assert rows["tiny"][2] == "6 of 6"


def test_half_written_trials_are_not_counted(tiny, workspace):
    shutil.copytree(tiny.study.folder, workspace.studies / "tiny")
    (workspace.studies / "tiny" / "trials" / ".writing-x1.json").write_text("{")
    assert {row[0]: row[2] for row in list_studies(workspace)}["tiny"] == "6 of 6"


def test_study_below_a_file_is_refused(tiny):
    opened = open_study(tiny.workspace, str(tiny.table / "mine"), {})
    with pytest.raises(StorageError, match="a part of the path is a file"):
        begin(opened)


def test_identity_is_readable(tiny):
    identity = json.loads((tiny.study.folder / "identity.json").read_text())
    assert identity["settings"]["target"] == "diagnosis"
    assert "trials" not in identity["settings"]


def test_labels_belong_to_a_table_and_to_the_digest_of_the_study(tmp_path):
    with pytest.raises(ConfigError, match="--labels: expected --data with it"):
        open_study(Workspace.at(tmp_path), "mine", {"labels": "truth.csv"})
    opened = open_study(Workspace.at(tmp_path), "mine", {"data": ["a.csv"], "labels": "truth.csv"})
    assert [path.name for path in opened.config.tables] == ["a.csv", "truth.csv"]
    assert all(path.is_absolute() for path in opened.config.tables)


def test_images_without_a_table_are_not_the_built_in_study(tmp_path):
    with pytest.raises(ConfigError, match="--images: expected --data with it"):
        open_study(Workspace.at(tmp_path, tmp_path / "cache"), "", {"images": "photographs"})
