"""The search with tuning: trials, a round of tuning, trials with what it gave, and so on until nothing more fits.

Before the first round the frozen networks are ranked. Which round tunes what is decided by
`automl_skin.search.tuning_plan` from what is on disk; so a search that was killed continues with the same rounds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from automl_skin.networks import NetworkId
from automl_skin.search.known import list_ranking_trials, list_tuned_trials, ranking_config
from automl_skin.search.loop import HasTime
from automl_skin.search.material import Material
from automl_skin.search.space import SpaceOptions
from automl_skin.search.trial import TrialRecord
from automl_skin.search.tuning_plan import (
    decide,
    plan_in_words,
    trials_after_round,
    trials_before_tuning,
)
from automl_skin.search.tuning_steps import Decision, TuningRequest
from automl_skin.steps.carry_out import carry_out, record_failures, request_tuning, restore_material
from automl_skin.steps.events import Listener, RoundBegan, RoundEnded, Said
from automl_skin.steps.prepare import Prepared
from automl_skin.steps.trials import Deadline, Phase, first_phase, n_valid, run_trials
from automl_skin.study.round_files import Round, outcomes_of
from automl_skin.study.study import Study


@dataclass(frozen=True)
class Searched:
    """What the trials of a study came to.

    Parameters
    ----------
    records : list of TrialRecord
    material : Material
        With the embeddings of all networks that were tuned.
    rounds : list of Round
    """

    records: list[TrialRecord]
    material: Material
    rounds: list[Round]


def search_in_rounds(
    prepared: Prepared, material: Material, tell: Listener, has_time: HasTime | None = None
) -> Searched:
    """Run or continue the trials of a study, and the tuning between them.

    Parameters
    ----------
    has_time : callable, optional
        As of `automl_skin.search.loop.Limits`.

    Raises
    ------
    SearchError
        If too many trials fail in a row, or another process runs the study.
    """
    study = prepared.study
    rounds = study.rounds.read()
    request = request_tuning(study, prepared.manifest, prepared.plan)
    if request.is_empty and not rounds:
        return Searched(run_trials(study, material, tell, has_time=has_time), material, [])
    with study.rounds.held():
        return _Searching(prepared, material, tell, rounds, has_time).run(request)


class _Searching:
    """One call of a search with tuning."""

    def __init__(
        self,
        prepared: Prepared,
        material: Material,
        tell: Listener,
        rounds: list[Round],
        has_time: HasTime | None,
    ) -> None:
        study, self.has_time = prepared.study, has_time
        self.study, self.prepared, self.tell, self.rounds = study, prepared, tell, rounds
        self.deadline = Deadline.after(study.config.timeout_seconds)
        self.material = restore_material(prepared, material, rounds, tell)
        for each in rounds:
            if each.is_over:
                record_failures(study, self.material, each, tell)
                tell(RoundEnded(study, each))

    def run(self, request: TuningRequest) -> Searched:
        if not request.is_empty:
            frozen = first_phase(self.study, self.material).options.tunable
            for line in plan_in_words(request, len(frozen)):
                self._say(line)
            self._tune(request)
        records = self._trials(self.study.config.max_trials)
        return Searched(records, self.material, self.rounds)

    def _tune(self, request: TuningRequest) -> None:
        """Alternate between trials and rounds until nothing more is tuned."""
        while True:
            if not self.rounds or self.rounds[-1].is_over:
                records = self._trials(self._until())
                if n_valid(records) >= self.study.config.max_trials or self._is_over(records):
                    return
                decision = next_decision(self.study, self.material, request, records, self.rounds)
                if not decision.steps and decision.kind != "ranking":
                    self._say(f"over: {decision.why}")
                    return
                self._keep(Round(len(self.rounds), decision))
            self._round(request)

    def _is_over(self, records: Sequence[TrialRecord]) -> bool:
        """Return whether there is no time for another round."""
        return self.deadline.is_over or (self.has_time is not None and not self.has_time(records, ()))

    def _until(self) -> int:
        """Return how many trials come before the next round."""
        if self.rounds:
            return self.rounds[-1].until or 0
        return trials_before_tuning(planned_trials(self.study), len(self._phases()[0].fixed))

    def _round(self, request: TuningRequest) -> None:
        """Carry out the round that was decided, and write down what it came to."""
        this = self.rounds[-1]
        self.tell(RoundBegan(self.study, this))
        outcomes = carry_out(self.prepared, this, request, self.tell)
        over = replace(this, outcomes=tuple(outcomes))
        records = self.study.journal.read()
        self.material = Material.read(self.study.material)
        over = replace(over, begins_at=len(records) + len(over.failures))
        n_fixed = len(phase_of(self.study, self.material, [*self.rounds[:-1], over]).fixed)
        more = n_valid(records) if this.decision.kind == "probe" else None
        total = planned_trials(self.study)
        over = replace(over, until=more or trials_after_round(total, n_valid(records), n_fixed))
        self._keep(over)
        record_failures(self.study, self.material, over, self.tell)
        self.tell(RoundEnded(self.study, over))

    def _say(self, line: str) -> None:
        self.tell(Said(f"Tuning:   {line}"))

    def _keep(self, this: Round) -> None:
        self.study.rounds.write(this)
        self.rounds = [*self.rounds[: this.number], this]

    def _trials(self, until: int) -> list[TrialRecord]:
        phases, deadline = self._phases(), self.deadline
        return run_trials(
            self.study,
            self.material,
            self.tell,
            phases=phases,
            until=until,
            deadline=deadline,
            has_time=self.has_time,
        )

    def _phases(self) -> list[Phase]:
        over = [each for each in self.rounds if each.is_over]
        later = [phase_of(self.study, self.material, over[: count + 1]) for count in range(len(over))]
        return [first_phase(self.study, self.material), *later]


def planned_trials(study: Study) -> int:
    """Return how many trials the study is going to have; what a budget has time for is an estimate."""
    budget = study.current_budget
    return study.config.max_trials if budget is None else budget.trials


def next_decision(
    study: Study,
    material: Material,
    request: TuningRequest,
    records: Sequence[TrialRecord],
    rounds: Sequence[Round],
) -> Decision:
    """Return what is done next: the frozen networks are ranked first, where there are several."""
    kinds = {each.decision.kind for each in rounds}
    frozen = first_phase(study, material).options.tunable
    if len(frozen) > 1 and "ranking" not in kinds:
        return Decision("ranking", (), "a linear head on the frozen embeddings of each network alone")
    past = outcomes_of(rounds)
    utilities = rank_utilities(frozen, records) | {
        each.tuned: best_utility(each.tuned, records) for each in past
    }
    return decide(request, utilities, past, probed="probe" in kinds)


def rank_utilities(frozen: Sequence[NetworkId], records: Sequence[TrialRecord]) -> dict[NetworkId, float]:
    """Return the out-of-fold utility of a linear head on each frozen network alone; NaN where it was not measured."""
    utilities = {record.plan.config: record.utility for record in records if record.state == "finished"}
    return {network: utilities.get(ranking_config(network), math.nan) for network in frozen}


def best_utility(tuned: NetworkId, records: Sequence[TrialRecord]) -> float:
    """Return the utility of the best finished trial that uses the networks of a tuning; NaN where there is none."""
    values = [
        record.utility
        for record in records
        if record.state == "finished" and tuned in [each.together for each in record.plan.config.networks]
    ]
    return max(values, default=math.nan)


def phase_of(study: Study, material: Material, rounds: Sequence[Round]) -> Phase:
    """Return the phase that follows the last of some rounds."""
    last = rounds[-1]
    assert last.begins_at is not None
    options = options_after(study, material, rounds)
    if last.decision.kind == "ranking":
        fixed = list_ranking_trials(options)
    else:
        fixed = list_tuned_trials(options, [each.tuned for each in last.tuned])
    return Phase(last.begins_at, tuple(fixed), options)


def options_after(study: Study, material: Material, rounds: Sequence[Round]) -> SpaceOptions:
    """Return what the search chooses from after some rounds."""
    tuned = dict.fromkeys(each.tuned for this in rounds for each in this.tuned)
    options = first_phase(study, material).options
    return replace(options, tuned=tuple(tuned), ways=study.config.way) if tuned else options
