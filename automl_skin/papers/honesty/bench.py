"""Many simulated studies through a tool: per figure what it claims, what is true, and how often its interval holds."""

from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from automl_skin.evaluation.record import known
from automl_skin.images.loading import Progress
from automl_skin.papers.honesty.claims import TRUTHS, Answers, Claims, Tool
from automl_skin.papers.honesty.worlds import World, draw_new_cases, draw_study, seed_of
from automl_skin.records import read_record, write_record
from automl_skin.workers.processes import open_processes

NEW_CASES = 5000
"""Of other patients, on which the truth is measured."""

COVERAGE, TOLERANCE = 0.95, 0.02
"""What an interval promises, and by how much it may fall short (promise 12)."""

MAX_ERRORS = 3.0
"""Monte Carlo standard errors by which a mean may differ from the truth before it is called wrong; where studies are
few, Student's equivalent."""


@dataclass(frozen=True)
class Compared:
    """A figure of one study: what was claimed, and the truth. `low` and `high` are None where it has no interval."""

    figure: str
    claimed: float
    true: float
    low: float | None = None
    high: float | None = None
    enough: bool = True


@dataclass(frozen=True)
class StudyOutcome:
    """What one simulated study came to."""

    world: str
    number: int
    compared: tuple[Compared, ...]


def run_study(tool: Tool, world: World, number: int) -> StudyOutcome:
    """Draw a study, have the tool make its claims, and compare them with new cases."""
    seed = seed_of(world, number)
    claims = tool(draw_study(world, seed), seed)
    new = draw_new_cases(world, seed, NEW_CASES)
    answers = Answers(new.labels, claims.score(new), claims.threshold, claims.priors)
    return StudyOutcome(world.name, number, tuple(compare(claims, answers)))


def compare(claims: Claims, answers: Answers) -> Iterator[Compared]:
    """Yield every figure of the claims beside its true value."""
    for name, claimed in claims.figures.items():
        true = TRUTHS[name](answers)
        if np.isfinite(true):
            low, high = known(claimed.low), known(claimed.high)
            yield Compared(name, claimed.value, float(true), low, high, claimed.enough)
    yield Compared("columns that give the label away, used", float("leak" in claims.taken), 0.0)


def run_bench(
    tool: Tool, worlds: Sequence[World], folder: Path, jobs: int, progress: Progress, *, smoke: bool = False
) -> pd.DataFrame:
    """Run or continue all studies; return one row per figure of each.

    Parameters
    ----------
    tool : callable
        Must be picklable if `jobs` is above 1.
    folder : Path
        Where the outcome of each study is kept, in a file of its own.
    smoke : bool
        The short form: `World.smoke_studies` of each world.

    Returns
    -------
    DataFrame
        Columns world, number and the fields of `Compared`.
    """
    wanted = [
        (world, number)
        for world in worlds
        for number in range(world.smoke_studies if smoke else world.studies)
    ]
    # every world in turn, so that a run that is interrupted has seen all of them alike
    wanted.sort(key=lambda each: each[1])
    left = [each for each in wanted if not _file(folder, *each).is_file()]
    for done, outcome in enumerate(_run_studies(tool, left, jobs), len(wanted) - len(left) + 1):
        write_record(folder / outcome.world / f"{outcome.number}.json", outcome)
        progress(done, len(wanted))
    outcomes = [read_record(StudyOutcome, _file(folder, *each)) for each in wanted]
    rows = [
        {"world": outcome.world, "number": outcome.number, **vars(each)}
        for outcome in outcomes
        for each in outcome.compared
    ]
    return pd.DataFrame(rows).astype({"low": "float64", "high": "float64"})


def _run_studies(tool: Tool, studies: Sequence[tuple[World, int]], jobs: int) -> Iterator[StudyOutcome]:
    """Yield each outcome as soon as it is there: what is finished is kept, however the run ends."""
    if jobs == 1:
        yield from (run_study(tool, *each) for each in studies)
        return
    with open_processes(jobs) as workers:
        running = [workers.submit(run_study, tool, *each) for each in studies]
        yield from (future.result() for future in as_completed(running))


def _file(folder: Path, world: World, number: int) -> Path:
    return folder / world.name / f"{number}.json"


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per world and figure, with Monte Carlo standard errors (columns that end in ``_error``)."""
    return pd.DataFrame(
        [
            {"world": world, "figure": figure, **_summary(each)}
            for (world, figure), each in rows.groupby(["world", "figure"], sort=False)
        ]
    )


def _summary(rows: pd.DataFrame) -> dict[str, float]:
    n, excess = len(rows), rows["claimed"] - rows["true"]
    with_interval = rows[rows["low"].notna()]
    inside = with_interval["true"].between(with_interval["low"], with_interval["high"])
    n_inside = len(inside)
    covered = inside.mean() if n_inside else np.nan
    return {
        "studies": n,
        "claimed": rows["claimed"].mean(),
        "true": rows["true"].mean(),
        "excess": excess.mean(),
        "excess_error": excess.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan,
        "covered": covered,
        # Agresti and Coull's error: that of a share of 1 is not 0
        "covered_error": np.sqrt(
            _shrunk(covered, n_inside) * (1 - _shrunk(covered, n_inside)) / (n_inside + 4)
        ),
        "truth_below": (with_interval["true"] < with_interval["low"]).mean(),
        "too_few": 1 - rows["enough"].mean(),
    }


def _shrunk(share: float, n: int) -> float:
    return (share * n + 2) / (n + 4)


def why_wrong(row: "pd.Series[float]") -> str:
    """Return what a figure of `summarise` claims that is not so; empty where it holds."""
    if row["covered"] + 2 * row["covered_error"] < COVERAGE - TOLERANCE:
        return "its interval holds less than it says"
    told = row["too_few"] < 0.5  # of one that is said to tell nothing, the interval is all that is claimed
    if (
        told
        and row["excess"]
        > float(t.ppf(norm.cdf(MAX_ERRORS), max(row["studies"] - 1, 1))) * row["excess_error"]
    ):
        return "too good"
    return ""
