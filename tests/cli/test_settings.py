from pathlib import Path

from automl_skin.cli.settings import Given, collect, workspace_of


def test_flags_are_named_like_settings():
    given = {
        "positive": "mel, bcc,",
        "timeout": "1h30m",
        "tuning_budget": "2h",
        "devices": "cuda:0, cuda:1",
        "weights_dir": Path("weights"),
        "trials": None,
        "seed": 0,
        "study": "mine",
        "workspace": Path(),
        "output": Path("x"),
        "dry_run": True,
    }
    assert collect(Given(given)) == {
        "positive": ["mel", "bcc"],
        "timeout_seconds": 5400.0,
        "tuning_budget_seconds": 7200.0,
        "devices": ["cuda:0", "cuda:1"],
        "weights_dir": "weights",
        "seed": 0,
    }


def test_places_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = workspace_of(Path("work"), Path("cache"))
    assert place.root == tmp_path / "work"
    assert place.cache == tmp_path / "cache"


def test_an_empty_column_switches_a_role_off():
    settings = collect(Given({"case_column": "", "patient_column": None, "lesion_column": "lesion"}))
    assert settings == {"case_column": "", "lesion_column": "lesion"}
