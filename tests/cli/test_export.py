from automl_skin.cli.export import serve_command
from automl_skin.export.bundle import read_facts, verify


def test_export_prints_the_next_command(tiny, end_to_end, tmp_path):
    ended = end_to_end.command(
        "export",
        "--study",
        "tiny",
        "--output",
        tmp_path / "bundle",
        "--no-register",
        *end_to_end.places(tiny.workspace),
    )
    assert ended.code == 0, ended.errors
    assert f"automl-skin score {tmp_path / 'bundle'}" in ended.output
    verify(tmp_path / "bundle")
    assert "efitted" not in ended.output


def test_refit_says_that_it_is_not_measured(tiny, end_to_end, tmp_path):
    ended = end_to_end.command(
        "export",
        "--study",
        "tiny",
        "--refit",
        "--output",
        tmp_path / "bundle",
        "--no-register",
        *end_to_end.places(tiny.workspace),
    )
    assert ended.code == 0, ended.errors
    assert "no case is left to measure this bundle on" in ended.output
    assert not read_facts(tmp_path / "bundle").measured


def test_study_that_was_never_begun_is_wrong_input(tiny, end_to_end):
    ended = end_to_end.command("export", "--study", "other", *end_to_end.places(tiny.workspace))
    assert ended.code == 2
    assert "tiny" in ended.errors


def test_the_command_that_serves_reports_to_nobody():
    command = serve_command("sqlite:////a b/mlflow.db", "models:/moles/1")
    assert command.startswith(
        "MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true MLFLOW_TRACKING_URI='sqlite:////a b/mlflow.db' "
    )
    assert command.endswith("mlflow models serve -m models:/moles/1 --env-manager local")
