"""The small form of every study that ships: from its committed file to its report."""

import re
from pathlib import Path

import pytest

from automl_skin.papers.reading import list_paper_studies
from automl_skin.settings import Workspace

# variants that differ from one of these by their split or by where embeddings come from are left out: time is short
CHOSEN = {
    "ahammed_2025": ("published-split", "cassidy-baseline"),
    "fusions": ("frozen", "end-to-end"),
    "li_2020": ("as-published", "lesion-disjoint"),
}
NAMES = [file.name for file in list_paper_studies(Workspace.at(Path("nowhere"))) if not file.worlds]


def test_the_papers_are_there():
    assert "li_2020" in NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_small_form_of_a_study_runs(name, end_to_end, tuning_here, tmp_path):
    places = ("--workspace", tmp_path / "workspace", "--cache-dir", tmp_path / "cache")
    variants = [part for variant in CHOSEN.get(name, ()) for part in ("--variant", variant)]
    with tuning_here():  # in processes of their own: tests/steps/test_tuning_end_to_end.py
        ended = end_to_end.command("reproduce", name, "--smoke", *variants, *places)
    assert ended.code == 0, ended.errors
    report = (tmp_path / "workspace" / "studies" / name / "report-smoke.md").read_text()
    assert "the small form on synthetic data" in report
    assert "failed" not in report
    assert re.search(r"; [1-9]\d* of \d+ cells finished", report)
