"""What each round of tuning decided and came to, on disk: ``tuning/round-00.json`` of a study and so on.

A round is written when it is decided, and again when it is over. So a search that was killed carries out what was
decided, and its trials keep their numbers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from automl_skin.errors import IntegrityError
from automl_skin.records import read_record, write_record
from automl_skin.search.alone import alone_in
from automl_skin.search.tuning_steps import Decision, StepOutcome


@dataclass(frozen=True)
class Round:
    """One round.

    Parameters
    ----------
    number : int
        From 0.
    decision : Decision
    outcomes : tuple of StepOutcome
        One per step; empty while the round is under way.
    begins_at : int or None
        Number of the first trial after the round; None while it is under way.
    until : int or None
        Trials that the study has before the next round, failed ones not counted.
    """

    number: int
    decision: Decision
    outcomes: tuple[StepOutcome, ...] = ()
    begins_at: int | None = None
    until: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the round is over, and its trials may begin."""
        return self.begins_at is not None

    @property
    def failures(self) -> tuple[StepOutcome, ...]:
        """Steps that failed, in their order."""
        return tuple(each for each in self.outcomes if each.state == "failed")

    @property
    def tuned(self) -> tuple[StepOutcome, ...]:
        """Steps whose networks trials may use."""
        return tuple(each for each in self.outcomes if each.state == "finished" and not each.is_probe)


class RoundFiles:
    """The rounds of a study, one after another without a gap.

    Parameters
    ----------
    folder : Path
        ``tuning/`` of the study.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> list[Round]:
        """Return all rounds by number.

        Raises
        ------
        IntegrityError
            If one between two others is gone.
        """
        rounds = [read_record(Round, path) for path in sorted(self.folder.glob("round-*.json"))]
        if [each.number for each in rounds] != list(range(len(rounds))):
            message = (
                f"the rounds in {self.folder}: expected numbers without a gap, got "
                f"{[each.number for each in rounds]}; put the files back, or begin a new study"
            )
            raise IntegrityError(message)
        return rounds

    def write(self, this: Round) -> None:
        """Write a round, in place of what stood there of it."""
        write_record(self.folder / f"round-{this.number:02d}.json", this)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from tuning in the same study.

        Raises
        ------
        SearchError
            If another process does.
        """
        with alone_in(self.folder):
            yield


def outcomes_of(rounds: Sequence[Round]) -> list[StepOutcome]:
    """Return what came of all steps of some rounds, in their order."""
    return [outcome for each in rounds for outcome in each.outcomes]
