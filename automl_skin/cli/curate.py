"""``automl-skin curate``: a clean, balanced table of ISIC-style tables, as in Ahammed et al. 2025."""

from automl_skin.cli import options
from automl_skin.papers.curation.rules import FETCH, MEL, TARGET, CurationJob, CurationRules


@options.takes_fields(CurationJob, CurationRules)
def curate(flags: options.Flags) -> None:
    """Curate ISIC-style tables: duplicates out, MEL and NON-MEL, 1:1, imputed, torso merged, one-hot.

    Writes curated.csv, features.csv, record.csv (what was dropped or changed, and why) and report.md. The paper's
    collection, ISIC-DICM-17K, is fetched by `isic image download --collections 469 FOLDER`.
    """
    from automl_skin.cli.terminal import Terminal
    from automl_skin.papers.curation.files import curate_files
    from automl_skin.papers.curation.report import (
        COMPARISON_COLUMNS,
        STEP_COLUMNS,
        comparison_rows,
        step_rows,
    )

    job = options.build(CurationJob, flags, rules=options.build(CurationRules, flags))
    terminal = Terminal()
    with terminal.listening() as tell:
        outcome = curate_files(job, tell)
    terminal.table("Counts after each step", STEP_COLUMNS, step_rows(outcome.curated))
    terminal.table(
        "Beside tables 3 and 4 of Ahammed et al. 2025",
        COMPARISON_COLUMNS,
        comparison_rows(outcome.comparisons),
    )
    terminal.say(*(f"Note: {note}" for note in outcome.curated.notes))
    terminal.say(f"Written: {job.output / 'curated.csv'}, features.csv, record.csv, report.md")
    if job.images is None:
        terminal.say(f"Photographs and table of ISIC-DICM-17K, by isic-cli: {FETCH}")
    target = f"--target {TARGET} --positive {MEL}"
    terminal.say(f"Next: automl-skin check --data {job.output / 'curated.csv'} --images FOLDER {target}")
