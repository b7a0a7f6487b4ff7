"""The bench tells honest tools from others: tools of a few lines whose claims are right, too good, or too sure."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.special import expit

from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.honesty.bench import run_bench, summarise, why_wrong
from automl_skin.papers.honesty.claims import BASELINE, STACK, Claims
from automl_skin.papers.honesty.report import COLUMNS, bench_report
from automl_skin.papers.honesty.worlds import World, draw_new_cases, draw_study

WORLD = World(
    "tests", "of the tests", cases=200, prevalence=0.4, auc=0.85, max_per_patient=3, leak=True, studies=40
)
FIGURE = "AUC of the stack, locked"


def columns(score):
    p = expit(score)
    return np.column_stack([1 - p, p])


@dataclass(frozen=True)
class RuleOfThumb:
    """Scores by two columns of the embedding, with nothing fitted; its claim is that of the study's own cases."""

    too_good: float = 0.0
    reach: float = 0.08
    leaks: bool = False
    enough: bool = True

    def __call__(self, cases, seed):
        auc = macro_auc(cases.labels, self.score(cases)[STACK]) + self.too_good
        figures = {FIGURE: Interval(auc, auc - self.reach, auc + self.reach, self.enough)}
        taken = tuple(cases.metadata) if self.leaks else ()
        return Claims(figures, self.score, 0.5, np.array([0.5, 0.5]), taken)

    def score(self, cases):
        return {
            STACK: columns(cases.embeddings[:, 0] + cases.embeddings[:, 1]),
            BASELINE: columns(np.zeros(len(cases))),
        }


def verdicts(tool, folder, world=WORLD):
    summary = summarise(run_bench(tool, [world], folder, 1, lambda done, total: None))
    return {row["figure"]: why_wrong(row) for _, row in summary.iterrows()}, summary


@pytest.mark.parametrize(
    ("tool", "verdict"),
    [
        (RuleOfThumb(), ""),
        (RuleOfThumb(too_good=0.05, reach=0.2), "too good"),
        (RuleOfThumb(too_good=0.05, reach=0.2, enough=False), ""),  # it was said to tell nothing
        (RuleOfThumb(reach=0.01), "its interval holds less than it says"),
    ],
)
def test_claims_are_told_from_the_truth(tool, verdict, tmp_path):
    found, _ = verdicts(tool, tmp_path)
    assert found[FIGURE] == verdict


def test_a_leak_that_is_used_is_said(tmp_path):
    few = replace(WORLD, studies=3)
    assert verdicts(RuleOfThumb(leaks=True), tmp_path, few)[1]["claimed"].iloc[-1] == 1.0


def test_a_bench_goes_on_where_it_was(tmp_path):
    _, first = verdicts(RuleOfThumb(), tmp_path)
    (tmp_path / "tests" / "0.json").unlink()
    seen = []
    rows = run_bench(RuleOfThumb(), [WORLD], tmp_path, 1, lambda *done: seen.append(done))
    assert seen == [(WORLD.studies, WORLD.studies)]
    assert summarise(rows).equals(first)


def test_a_bench_that_is_stopped_keeps_what_is_finished_of_every_world(tmp_path):
    worlds = [replace(WORLD, name=name, studies=5) for name in ("first", "second")]
    tool, calls = RuleOfThumb(), []

    def stops(material, seed):
        calls.append(seed)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return tool(material, seed)

    with pytest.raises(KeyboardInterrupt):
        run_bench(stops, worlds, tmp_path, 1, lambda done, total: None)
    kept = sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.json"))
    assert kept == ["first/0.json", "first/1.json", "second/0.json", "second/1.json"]


def test_the_report_has_a_row_per_figure(tmp_path):
    _, summary = verdicts(RuleOfThumb(), tmp_path)
    text = bench_report([WORLD], summary, "the command")
    assert f"| {' | '.join(COLUMNS)} |" in text
    assert text.count("| holds |") == 2


@pytest.mark.parametrize(("prevalence", "auc"), [(0.1, 0.9), (0.5, 0.6), (0.3, 0.5)])
def test_a_world_has_its_prevalence_and_nothing_beats_the_risk(prevalence, auc):
    world = replace(WORLD, prevalence=prevalence, auc=auc)
    new = draw_new_cases(world, 1, 20_000)
    assert abs(new.labels.mean() - prevalence) < 0.02
    by_image = macro_auc(new.labels, RuleOfThumb().score(new)[STACK])
    assert by_image < auc + 0.02
    assert auc == 0.5 or by_image > 0.5 + (auc - 0.5) / 2


def test_new_cases_do_not_have_what_gave_the_label_away():
    assert draw_study(WORLD, 1).metadata["leak"].notna().all()
    assert draw_new_cases(WORLD, 1, 50).metadata["leak"].isna().all()


def test_a_world_that_cannot_be_is_refused():
    with pytest.raises(Exception, match=r"expected prevalence in \(0, 1\)"):
        replace(WORLD, prevalence=1.2)
