import pytest

from automl_skin.steps import track


@pytest.fixture
def quiet(monkeypatch, end_to_end):
    """Leave MLflow out: its own tests are elsewhere."""
    monkeypatch.setattr(track, "Tracked", end_to_end.Silent)


@pytest.fixture
def workspace(tiny, tmp_path):
    """A workspace of its own on the cache of `tiny`."""
    return type(tiny.workspace)(tmp_path, tiny.workspace.cache)


def test_search_continues_and_flags_win(tiny, end_to_end, quiet, workspace):
    flags = tiny.flags("mine", trials=3)[:-4] + end_to_end.places(workspace)
    begun = end_to_end.command("search", *flags)
    assert begun.code == 0, begun.errors
    assert "trial 3 of 3" in begun.output
    assert "Next: automl-skin export --study mine" in begun.output
    more = end_to_end.command("search", "--study", "mine", "--trials", 5, *end_to_end.places(workspace))
    assert more.code == 0, more.errors
    assert "trial 5 of 5" in more.output
    assert "trial 3 of" not in more.output
    done = end_to_end.command("search", "--study", "mine", *end_to_end.places(workspace))
    assert done.code == 0, done.errors
    shown = end_to_end.command("leaderboard", "--study", "mine", *end_to_end.places(workspace))
    assert shown.code == 0, shown.errors
    assert "metadata alone" in shown.output
    listed = end_to_end.command("studies", "--workspace", workspace.root)
    assert listed.code == 0, listed.errors
    assert "mine" in listed.output


def test_another_identity_is_refused_with_the_differences(tiny, end_to_end, quiet):
    places = end_to_end.places(tiny.workspace)
    ended = end_to_end.command("search", "--study", "tiny", "--seed", 7, "--folds", 4, *places)
    assert ended.code == 2
    assert "seed: 0, now 7" in ended.errors
    assert "folds: 3, now 4" in ended.errors
    assert "only " in ended.errors
    assert "trials" in ended.errors


def test_study_file_with_an_unknown_key_is_wrong_input(end_to_end, workspace):
    folder = workspace.studies / "broken"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text("trails = 5\n")
    ended = end_to_end.command("search", "--study", "broken", *end_to_end.places(workspace))
    assert ended.code == 2
    assert "unknown setting 'trails'" in ended.errors
    assert "did you mean 'trials'" in ended.errors
    assert str(folder / "study.toml") in ended.errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"family": ["forest"]}, "random_forest"),
        ({"backbone": ["resnet18_typo"]}, "resnet18"),
        ({"trials": 0}, "trials"),
        ({"metric": "accuracy"}, "average_precision"),
        ({"target": "dx"}, "diagnosis"),
        ({"positive": ["mel"]}, "melanoma"),
        ({"split": "nowhere"}, "--split: expected a column of the table"),
        ({"group": ["clinic"]}, "clinic"),
        ({"views": 8}, "views"),
        ({"device": "gpu"}, "device"),
    ],
)
def test_wrong_settings_begin_no_study(tiny, end_to_end, quiet, workspace, settings, message):
    flags = tiny.flags("wrong", **settings)[:-4] + end_to_end.places(workspace)
    ended = end_to_end.command("search", *flags)
    assert ended.code == 2
    assert message in ended.errors
    assert not (workspace.studies / "wrong").exists()


def test_dry_run_begins_nothing(tiny, end_to_end, quiet, tmp_path, workspace):
    places = ["--workspace", tmp_path / "not" / "there", "--cache-dir", workspace.cache]
    ended = end_to_end.command("search", *tiny.flags("dry")[:-4], *places, "--dry-run")
    assert ended.code == 0, ended.errors
    assert "Nothing was begun" in ended.output
    assert "Disk:" in ended.output
    assert list(tmp_path.iterdir()) == []
