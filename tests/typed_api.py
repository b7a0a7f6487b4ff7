"""Calls of the Python API for the type checker alone: the README's, and wrong ones, which it must refuse."""

import automl_skin


def readme() -> None:
    outcome = automl_skin.run_study(
        data=("metadata.csv",), images="images", target="dx", positive=("mel", "bcc", "akiec"), trials=50
    )
    print(outcome.leaderboard.table.head())
    automl_skin.export_study(outcome.study.name, "bundle")
    automl_skin.score("bundle", data="new.csv", images="new-images", output="scores.csv")
    automl_skin.reproduce_study("levine_2025", data=("metadata.csv",), images="images", weights_dir="weights")


def refused() -> None:
    automl_skin.run_study(trials="50")  # type: ignore[arg-type]  # an unused ignore is an error
    automl_skin.run_study(weights="own")  # type: ignore[arg-type]  # not one of the literals
    automl_skin.run_study(trails=50)  # type: ignore[call-arg]  # unknown
    automl_skin.check(open_again=True)  # type: ignore[call-arg]  # a keyword of run_study
    automl_skin.reproduce_study(smoke=True)  # type: ignore[call-arg]  # without a name
