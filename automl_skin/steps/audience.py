"""Several audiences of one search as one."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from automl_skin.search.loop import Observer
from automl_skin.search.material import Material
from automl_skin.search.trial import TrialRecord
from automl_skin.steps.embed import StageOne
from automl_skin.steps.search import Audience, Outcome
from automl_skin.steps.understand import Reporter, Understanding
from automl_skin.study.round_files import Round
from automl_skin.study.study import Study


class Several:
    """Passes everything on to several audiences, in their order; an `Audience`.

    Parameters
    ----------
    audiences : sequence of Audience
        Progress is reported to the first one.
    """

    def __init__(self, audiences: Sequence[Audience]) -> None:
        self.audiences = audiences

    @property
    def report(self) -> Reporter:
        """Makes progress callables: those of the first audience."""
        return self.audiences[0].report

    def understood(self, study: Study, understanding: Understanding) -> None:
        """Pass on that the data was understood."""
        for audience in self.audiences:
            audience.understood(study, understanding)

    def embedded(self, study: Study, stage_one: StageOne, material: Material) -> None:
        """Pass on that stage one is done."""
        for audience in self.audiences:
            audience.embedded(study, stage_one, material)

    @contextmanager
    def observers(
        self, study: Study, material: Material, records: Sequence[TrialRecord]
    ) -> Iterator[list[Observer]]:
        """Give the observers of all audiences."""
        with ExitStack() as stack:
            entered = [
                stack.enter_context(audience.observers(study, material, records))
                for audience in self.audiences
            ]
            yield [observer for observers in entered for observer in observers]

    def tuning_planned(self, study: Study, lines: Sequence[str]) -> None:
        """Pass on what tuning is going to do."""
        for audience in self.audiences:
            audience.tuning_planned(study, lines)

    def round_begun(self, study: Study, this: Round) -> None:
        """Pass on what a round tunes."""
        for audience in self.audiences:
            audience.round_begun(study, this)

    def round_over(self, study: Study, this: Round) -> None:
        """Pass on what a round came to."""
        for audience in self.audiences:
            audience.round_over(study, this)

    def concluded(self, outcome: Outcome) -> None:
        """Pass on how it ended."""
        for audience in self.audiences:
            audience.concluded(outcome)
