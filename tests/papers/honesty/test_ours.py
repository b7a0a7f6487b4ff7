"""Our own claims in the short form of the bench: what the long form shows in many studies must not break in few."""

import numpy as np
import pandas as pd
import pytest

from automl_skin.papers.honesty.bench import why_wrong


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_short_form_finds_nothing_wrong(end_to_end, tmp_path):
    places = ("--workspace", tmp_path / "workspace", "--cache-dir", tmp_path / "cache")
    ended = end_to_end.command("reproduce", "honesty", "--smoke", "--jobs", 1, *places)
    assert ended.code == 0, ended.errors
    summary = pd.read_csv(tmp_path / "workspace" / "studies" / "honesty" / "report-smoke.csv")
    known = summary.set_index(["world", "figure"])
    assert "less than it says" not in ended.output
    # in six studies a rate of 1 may be seen in all of them, and its error then seems to be 0: a matter of the long form
    means = summary[summary["figure"].str.contains(r"^AUC|^gain|asked for")]
    assert [row["figure"] for _, row in means.iterrows() if why_wrong(row)] == []
    assert (summary.loc[summary["figure"].str.startswith("columns"), "claimed"] == 0).all()
    aucs = known.loc["nothing_100"].filter(like="AUC of", axis=0)
    assert len(aucs) >= 4
    assert (np.abs(aucs["true"] - 0.5) < 0.02).all()
    for _, each in aucs.iterrows():
        assert each["claimed"] - 0.5 < 3 * each["excess_error"]
