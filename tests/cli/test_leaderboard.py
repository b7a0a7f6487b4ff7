def test_shows_as_many_trials_as_asked_and_what_the_choice_costs(tiny, end_to_end):
    ended = end_to_end.command(
        "leaderboard", "--study", "tiny", "--top", 2, *end_to_end.places(tiny.workspace)
    )
    assert ended.code == 0, ended.errors
    said = ended.output + ended.errors
    assert "corrected for the choice" in said
    assert "known: a configuration that is known to do well" in " ".join(said.split())
    records = tiny.study.journal.read()
    shown = [record.plan.number for record in records if f"│ {record.plan.number:03d} " in said]
    best = max(records, key=lambda record: record.utility)
    assert best.plan.number in shown
    assert len(shown) == 2
    pooled = best.metrics["auc_pooled"], best.metrics["auc_low"], best.metrics["auc_high"]
    row = next(line for line in said.splitlines() if f"│ {best.plan.number:03d} " in line)
    assert f"{pooled[0]:.3f} ({pooled[1]:.3f} to {pooled[2]:.3f})" in row
    assert "other trials are tied with it" in said


def test_a_study_that_was_never_begun_is_named(tiny, end_to_end):
    ended = end_to_end.command("leaderboard", "--study", "tinny", *end_to_end.places(tiny.workspace))
    assert ended.code == 2
    assert "tiny" in ended.errors
