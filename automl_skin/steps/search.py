"""The main job: from a table and images to a stack whose figures are known."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from automl_skin.evaluation.class_decisions import ClassDecisions
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.shifts import ShiftFigures
from automl_skin.evaluation.sources import SourceFigures
from automl_skin.heads.catalogue import check_installed
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.budget_plan import REPORT, SHIFTS, STACK, STAGE_ONE
from automl_skin.steps.decisions import fix_decisions
from automl_skin.steps.embed import embed
from automl_skin.steps.embedder import StageOne
from automl_skin.steps.events import (
    Listener,
    SearchBegan,
    SearchEnded,
    SearchInterrupted,
    StageOneEnded,
    Understood,
    silent,
    start_progress,
    tell_all,
)
from automl_skin.steps.forecast import forecast_prepared
from automl_skin.steps.leaderboard import Leaderboard, make_leaderboard
from automl_skin.steps.locked import Opening, has_locked_cases, open_locked
from automl_skin.steps.missing_metadata import measure_missing_metadata
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.operating import fix_operating_point
from automl_skin.steps.prepare import is_prepared, prepare, read_prepared
from automl_skin.steps.report import write_report
from automl_skin.steps.rounds import search_in_rounds
from automl_skin.steps.shifts import measure_shifts, prepare_shifts
from automl_skin.steps.sources import measure_sources
from automl_skin.steps.spending import Clock, Spending
from automl_skin.steps.stack import build_stack
from automl_skin.steps.trials import estimate_seconds
from automl_skin.study.facts import Budget
from automl_skin.study.round_files import Round
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with.

    Parameters
    ----------
    study : Study
    records : list of TrialRecord
    built : BuiltStack
    leaderboard : Leaderboard
    opening : Opening or None
        None where the plan has no locked part, or it was opened for another stack.
    stage_one : StageOne
    seconds : dict of str to float
        By step.
    rounds : list of Round
        Of tuning; empty where nothing was tuned.
    shifts : ShiftFigures or None
        How far the stack and the leading trials drop under shift.
    sources : SourceFigures or None
        Leave-one-source-out figures.
    operating_point : OperatingPoint or None
        The threshold of the wanted sensitivity; None for several classes.
    decisions : ClassDecisions or None
        Thresholds and weights of the classes; None of a binary study that has its operating point.
    budget : Budget or None
        What was planned and used of the study's time; None where it is given no budget.
    """

    study: Study
    records: list[TrialRecord]
    built: BuiltStack
    leaderboard: Leaderboard
    opening: Opening | None
    stage_one: StageOne
    seconds: dict[str, float]
    rounds: list[Round] = field(default_factory=list)
    shifts: ShiftFigures | None = None
    sources: SourceFigures | None = None
    operating_point: OperatingPoint | None = None
    decisions: ClassDecisions | None = None
    budget: Budget | None = None


class Stopwatch:
    """Seconds by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        """Give the time since the last lap to `step`."""
        now = time.perf_counter()
        self.seconds[step] = now - self._last
        self._last = now


@contextmanager
def announced(study: Study, tell: Listener) -> Iterator[None]:
    """Tell that trials begin, and if they do not come to their end."""
    tell(SearchBegan(study, study.journal.read()))
    try:
        yield
    except BaseException as error:
        tell(SearchInterrupted(error))
        raise


def run_search(
    study: Study,
    tell: Listener = silent,
    *,
    open_again: bool = False,
    clock: Clock = time.monotonic,
    began: float | None = None,
) -> SearchResult:
    """Run or continue a study to its end.

    Parameters
    ----------
    open_again : bool
        Open the locked test set although it was opened for another stack.
    clock : callable
        Returns seconds; by it a budget is spent.
    began : float, optional
        When the call began, by that clock; now by default.

    Raises
    ------
    AutomlSkinError
        What is finished is kept, and the same call continues it.
    """
    check_installed(study.config.family)
    watch, spending = Stopwatch(), Spending(study, clock, began)
    tell = tell_all(spending, tell)
    if not is_prepared(study):
        tell(Understood(study, prepare(study, tell)))
    prepared = read_prepared(study)
    watch.lap("understanding")
    spending.plan(partial(forecast_prepared, prepared), tell)
    spending.begin(STAGE_ONE)
    stage_one = embed(prepared, tell)
    material = Material.read(study.material)
    if study.config.objective == "robust":
        spending.begin(SHIFTS)
    prepare_shifts(prepared, frozen_networks(study.config), tell)
    tell(StageOneEnded(study, stage_one, material))
    watch.lap("stage one")
    with announced(study, tell):
        spending.begin_trials(len(study.journal.read()))
        searched = search_in_rounds(prepared, material, tell, spending.limit(estimate_seconds(material)))
    records, material = searched.records, searched.material
    watch.lap("trials")
    spending.begin(STACK)
    progress = start_progress(tell, "Fitting chains without two folds, to calibrate their mean")
    built = build_stack(study, records, material, progress)
    point = fix_operating_point(study, built, material)
    decisions = fix_decisions(study, built, material)
    watch.lap("stacking")
    opening = None
    if has_locked_cases(study):
        progress = start_progress(tell, "Fitting the chains of the stack")
        opening = open_locked(study, records, built, material, again=open_again, progress=progress)
    watch.lap("locked test")
    spending.begin(SHIFTS)
    shifts = measure_shifts(prepared, records, built, tell)
    watch.lap("shifts")
    spending.begin(REPORT)
    sources = measure_sources(prepared, records, material, tell)
    watch.lap("sources")
    measure_missing_metadata(study, records, built, material)
    watch.lap("missing metadata")
    leaderboard = make_leaderboard(study, records, material)
    write_report(study, records, built, leaderboard, opening, material)
    watch.lap("report")
    spending.write()
    result = SearchResult(
        study,
        records,
        built,
        leaderboard,
        opening,
        stage_one,
        watch.seconds,
        searched.rounds,
        shifts,
        sources,
        point,
        decisions,
        spending.budget,
    )
    tell(SearchEnded(result))
    spending.write()
    return result
