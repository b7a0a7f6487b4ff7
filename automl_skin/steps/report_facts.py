"""Gathering what stands in a study's report besides its model card."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.audit import AUDIT, QUESTION
from automl_skin.evaluation.levels import split_levels
from automl_skin.evaluation.model_card import CardFacts
from automl_skin.evaluation.report.facts import (
    Characteristic,
    Decided,
    Effort,
    Family,
    Leader,
    Mistake,
    Opened,
    Part,
    ReportFacts,
)
from automl_skin.files import read_json
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.search.tuning_plan import in_words
from automl_skin.steps.leaderboard import Leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.steps.networks import GivenNetwork, Network, with_pixels_alone
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study
from automl_skin.study.understood import read_understood

MAX_LEADERS = 15
MAX_FAMILIES = 20
FITS = {"squash": "the whole picture squeezed into", "crop": "the centre cut out to"}
LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "xgboost", "optuna", "torch", "timm")
"""By which figures may differ from one version to another."""
MIN_CASES = 5
"""Diagnoses of fewer development cases are shown together."""


def report_facts(
    study: Study,
    records: Sequence[TrialRecord],
    built: BuiltStack,
    board: Leaderboard,
    material: Material,
    card: CardFacts,
    networks: Sequence[Network],
    pictures: Mapping[str, bytes],
    mistakes: Sequence[Mistake] = (),
) -> ReportFacts:
    """Return what the report of a study is written from."""
    audit: Any = read_json(study.folder / AUDIT)
    missing = study.missing_metadata.find()
    return ReportFacts(
        card=card,
        pictures=pictures,
        stack=built.stack.digest,
        flow=flow_of(study, material, card),
        characteristics=compare_parts(study),
        inputs={str(name): kind for name, kind in material.kinds.items()},
        preparation=describe_preparation(study, networks),
        images=audit["images"],
        findings=tuple(
            f"{each['column']}: {each['reason']}" if each["column"] else str(each["reason"])
            for each in audit["findings"]
            if each["column"] not in audit["quarantined"]
        ),
        asked=tuple(each["column"] for each in audit["findings"] if each["kind"] == QUESTION),
        settings=describe_settings(study),
        libraries=library_versions(),
        shortcuts=study.shortcuts.read(),
        effort=effort_of(study, records),
        leaders=leaders_of(records, board),
        families=families_of(board),
        openings=tuple(
            Opened(each.when, each.trials, each.figures.times_opened) for each in read_openings(study)
        ),
        decided=decide_by_diagnosis(built, material, card),
        missing=missing if missing is not None and missing.stack == built.stack.digest else None,
        mistakes=tuple(mistakes),
    )


def flow_of(study: Study, material: Material, card: CardFacts) -> tuple[Part, ...]:
    """Return what became of the cases of the table."""
    manifest, plan = read_understood(study), study.read_plan()
    images = manifest.images.dropna(subset="path")["case"].value_counts()
    if not card.data.n_images:
        images = images.iloc[:0]
    figures = card.figures
    of_all = tuple(card.data.class_counts.get(name, 0) for name in card.classes)
    counted = {
        "development": tuple(np.bincount(material.labels, minlength=material.n_classes).tolist()),
        "locked": figures.class_counts if figures else None,
    }
    parts = [Part("all cases", card.data.n_cases, card.data.n_images, card.data.n_groups, of_all)]
    left_out = plan.table.index[plan.table["part"] == "left_out"]
    for name, cases in (("development", plan.development), ("locked", plan.locked), ("left out", left_out)):
        if not len(cases):
            continue
        groups = int(plan.table.loc[cases, "group"].nunique())
        n_images = int(images.reindex(cases).fillna(0).sum())
        parts.append(Part(name, len(cases), n_images, groups, counted.get(name)))
    return tuple(parts)


def compare_parts(study: Study) -> tuple[Characteristic, ...]:
    """Return the distribution of every metadata field among the development and the locked cases."""
    metadata, plan = read_understood(study).metadata, study.read_plan()
    parts = [metadata.loc[plan.development], metadata.loc[plan.locked]]
    rows = []
    for name in metadata:
        if pd.api.types.is_numeric_dtype(metadata[name]):
            rows.append(
                Characteristic(str(name), "median (quartiles)", *(_quartiles(part[name]) for part in parts))
            )
            rows.append(Characteristic(str(name), "missing", *(_share(part[name].isna()) for part in parts)))
            continue
        levels = split_levels(metadata[name])
        rows += [
            Characteristic(
                str(name), str(level), *(_share(levels.loc[part.index] == level) for part in parts)
            )
            for level in levels.cat.categories
            if (levels == level).any()
        ]
    return tuple(rows)


def _quartiles(values: "pd.Series[float]") -> str:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return f"{middle:g} ({low:g} to {high:g})" if values.notna().any() else "none"


def _share(flags: "pd.Series[bool]") -> str:
    return f"{int(flags.sum())} ({100 * flags.mean():.1f} %)" if len(flags) else "none"


def describe_preparation(study: Study, networks: Sequence[Network]) -> dict[str, str]:
    """Return in words how photographs and metadata become input."""
    encoder = study.config.encoder
    recipes = dict.fromkeys(
        f"{FITS[each.recipe.fit]} {each.recipe.height} x {each.recipe.width} pixels"
        f"{'' if each.recipe.colour == 'none' else ', colours by ' + each.recipe.colour.replace('_', ' ')}"
        for each in with_pixels_alone(networks)
    )
    names = ", ".join(dict.fromkeys(each.id.backbone for each in networks if isinstance(each, GivenNetwork)))
    vectors = (
        f" Vectors were made elsewhere ({names}); how their pixels became input is not known."
        if names
        else ""
    )
    photographs = (
        f"{'; '.join(recipes) or 'not used'}. Real photographs only; augmentation, where networks were tuned, "
        "changes those of training."
        if study.config.has_photographs
        else "none were given."
    )
    quality = (
        "every photograph was decoded, and compared with all others for duplicates; what cannot be read is reported "
        "and not used."
        if study.config.has_photographs
        else "no photograph was looked at, and none compared with others for duplicates."
    )
    filled = (
        "In training a missing value is filled with that of a random other case, and values are hidden at random "
        f"({100 * encoder.mask_share:.0f} % of the fields, all fields of {100 * encoder.mask_case_share:.0f} % of the "
        "cases); in "
        "scoring it is neutral."
        if encoder.fills_at_random
        else f"A missing value is replaced by the {encoder.imputation}."
    )
    indicators = (
        " A column per field says that it is missing."
        if encoder.missing_indicators
        else " That a value is missing is no input of its own."
    )
    return {
        "Photographs": photographs + vectors,
        "Numbers": f"scaled within the fold ({encoder.scaling}).",
        "Categories": f"one column per level; levels with fewer than {encoder.rare_below} training cases share one.",
        "Missing metadata": filled + indicators,
        "Quality": quality,
    }


def describe_settings(study: Study) -> dict[str, str]:
    """Return the settings that make the study what it is, those that are set."""
    named = study.config.identity()
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in named.items()
        if value not in (None, "", (), [])
    }


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of what computes, as they are here."""
    return {"Python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in LIBRARIES
    }


def effort_of(study: Study, records: Sequence[TrialRecord]) -> Effort:
    """Return what the search was given, and what it took."""
    states = pd.Series([record.state for record in records]).value_counts()
    counts = {str(state): int(count) for state, count in states.items()}
    seconds = float(sum(record.seconds for record in records))
    config = study.config
    aim = config.metric if config.objective == "auc" else f"{config.metric} ({config.objective})"
    return Effort(asked_for(study), counts, seconds, aim)


def asked_for(study: Study) -> str:
    """Return how many trials a study asks for, or how much time, in words."""
    config = study.config
    trials = f"{config.max_trials:,} trials were asked for"
    if config.budget_seconds is None:
        return trials
    time = f"{in_words(config.budget_seconds)} were given for the whole study"
    return time if config.trials is None else f"{time}, and {trials}"


def leaders_of(records: Sequence[TrialRecord], board: Leaderboard) -> tuple[Leader, ...]:
    """Return the head of the leaderboard."""
    titles = {record.plan.number: record.plan.config.title for record in records}
    done = board.table[board.table["state"] == "finished"].head(MAX_LEADERS)
    return tuple(
        Leader(
            int(number), titles[int(number)], float(utility), _standing(is_best=bool(best), tied=bool(tied))
        )
        for number, utility, best, tied in zip(
            done.index, done["utility"], done["best"], done["tied"], strict=True
        )
    )


def _standing(*, is_best: bool, tied: bool) -> str:
    if is_best:
        return "the best"
    return "tied with the best" if tied else ""


def families_of(board: Leaderboard) -> tuple[Family, ...]:
    """Return how far each kind of trial came, the best first."""
    return tuple(
        Family(
            " ".join(row[name] for name in ("backbone", "tuning", "fusion", "head") if row[name] != "-"),
            int(row["trials"]),
            int(row["finished"]),
            None if pd.isna(row["best"]) else float(row["best"]),
        )
        for row in board.spread.head(MAX_FAMILIES).to_dict("records")
    )


def out_of_fold_decisions(built: BuiltStack, material: Material, card: CardFacts) -> IntArray | None:
    """Return the class that the stack decides for every development case; None without a threshold."""
    if material.n_classes > 2:
        assert card.decisions is not None
        return card.decisions.rule.decide(built.deployed)
    if card.operating_point is None:
        return None
    return (built.deployed[:, 1] >= card.operating_point.threshold).astype(np.int64)


def decide_by_diagnosis(built: BuiltStack, material: Material, card: CardFacts) -> tuple[Decided, ...]:
    """Return how the cases of every diagnosis were decided, the worst first."""
    decisions = out_of_fold_decisions(built, material, card)
    if decisions is None:
        return ()
    table = pd.DataFrame(
        {
            "diagnosis": material.cases["diagnosis"].astype(str).to_numpy(),
            "label": material.labels,
            "right": decisions == material.labels,
        }
    )
    rare = table.groupby("diagnosis")["right"].transform("size") < MIN_CASES
    table.loc[rare, "diagnosis"] = "rarer ones"
    grouped = table.groupby(["diagnosis", "label"])["right"].agg(["size", "sum"])
    rows = [
        Decided(str(diagnosis), card.classes[int(label)], int(n_cases), int(right))
        for (diagnosis, label), n_cases, right in grouped.itertuples(name=None)
    ]
    return tuple(sorted(rows, key=lambda each: (each.right / each.n_cases, each.diagnosis)))
