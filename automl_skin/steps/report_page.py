"""The report of a study as one file wherever it is wanted, with a gallery of mistakes if asked for."""

from pathlib import Path

from automl_skin.errors import ConfigError, StorageError
from automl_skin.evaluation.report.render import GENERATOR, render_report
from automl_skin.files import write_text
from automl_skin.search.material import Material
from automl_skin.steps.card import card_facts
from automl_skin.steps.embed import find_needed
from automl_skin.steps.gallery import find_mistakes
from automl_skin.steps.leaderboard import make_leaderboard
from automl_skin.steps.locked import read_openings
from automl_skin.steps.operating import operating_points
from automl_skin.steps.report import PAGE
from automl_skin.steps.report_facts import report_facts
from automl_skin.study.study import Study

MISTAKES_PER_CLASS = 8


def write_page(study: Study, output: Path, *, gallery: bool = False) -> None:
    """Write the report of a study that has ended as one HTML file.

    Parameters
    ----------
    output : Path
        A new file, or a report that automl-skin wrote.
    gallery : bool
        Whether to show the most confident mistakes, which are photographs of patients.

    Raises
    ------
    ConfigError
        If the search has not ended.
    StorageError
        If something else lies at `output`.
    """
    if not (study.report / PAGE).is_file():
        message = f"{study.folder}: expected a study whose search has ended, got one without a report"
        raise ConfigError(f"{message}; end it with `automl-skin search --study {study.name}`")
    if output.exists() and not _is_report(output):
        raise StorageError(
            f"--output: expected a new file or an earlier report, got {output}; name another file"
        )
    records, material, built = study.journal.read(), Material.read(study.material), study.stack.read()
    opening = next((each for each in read_openings(study) if each.stack == built.stack.digest), None)
    networks = find_needed(study, built.stack)
    card = card_facts(study, built, material, networks, opening, operating_points(study, built, material))
    pictures = {path.stem: path.read_bytes() for path in study.report.glob("*.png")}
    mistakes = find_mistakes(study, built, material, card, MISTAKES_PER_CLASS) if gallery else []
    board = make_leaderboard(study, records, material)
    facts = report_facts(study, records, built, board, material, card, networks, pictures, mistakes)
    write_text(output, render_report(facts))


def _is_report(path: Path) -> bool:
    """Return whether a file is a page of ours."""
    return path.is_file() and GENERATOR.encode() in path.read_bytes()[:2000]
