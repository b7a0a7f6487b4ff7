"""The rounds of tuning of a study as a table, and in words."""

from collections.abc import Sequence

import pandas as pd

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.search.trial import TrialRecord
from automl_skin.search.tuning_plan import in_words
from automl_skin.search.tuning_steps import StepOutcome
from automl_skin.steps.rounds import best_utility
from automl_skin.study.round_files import Round

COLUMNS = [
    "round",
    "what",
    "backbone",
    "recipe",
    "tuning",
    "state",
    "networks",
    "seconds",
    "inner_auc",
    "best",
    "reason",
]


def rounds_table(rounds: Sequence[Round], records: Sequence[TrialRecord]) -> pd.DataFrame:
    """Return one row per tuning, in their order.

    Returns
    -------
    DataFrame
        Columns ``round``, ``what`` (probe or tuning), ``backbone``, ``recipe``, ``tuning``, ``state``, ``networks``,
        ``seconds``, ``inner_auc`` (on the watched rows), ``best`` (utility of the best trial that uses the networks)
        and ``reason``.
    """
    rows = [
        [
            this.number,
            this.decision.kind,
            outcome.tuned.backbone,
            outcome.tuned.recipe,
            outcome.tuned.tuning,
            outcome.state,
            len(outcome.folders),
            round(outcome.seconds, 1),
            outcome.inner_auc,
            float("nan") if outcome.is_probe else best_utility(outcome.tuned, records),
            outcome.reason,
        ]
        for this in rounds
        for outcome in this.outcomes
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def rounds_in_words(rounds: Sequence[Round], records: Sequence[TrialRecord]) -> list[str]:
    """Return one line per tuning."""
    lines = []
    for row in rounds_table(rounds, records).to_dict("records"):
        name = " ".join([row["backbone"], row["recipe"], row["tuning"]])
        if row["state"] != "finished":
            lines.append(f"{name}: {row['state']}, {row['reason']}")
            continue
        best = "" if row["best"] != row["best"] else f", best trial {row['best']:.4f}"
        probe = " (probe)" if row["what"] == "probe" else ""
        networks = "1 network" if row["networks"] == 1 else f"{row['networks']} networks"
        lines.append(f"{name}{probe}: {networks} in {in_words(row['seconds'])}{best}")
    return lines


def network_curves(outcome: StepOutcome) -> dict[str, tuple[Epoch, ...]]:
    """Return the curves by network: ``fold_0`` is the one that has not seen fold 0, ``fold_0_1`` neither 0 nor 1.

    The names of towers begin with their kind of photograph: ``dermoscopic_fold_0``.
    """
    networks = [each.network for each in outcome.networks]
    names = [
        "_".join(([each.role] if each.role else []) + ["fold", *map(str, each.held_out)]) for each in networks
    ]
    return {name: each.curve for name, each in zip(names, outcome.networks, strict=True)}
