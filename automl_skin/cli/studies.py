"""``automl-skin studies``: those of papers, others that ship with automl-skin, and those of the workspace."""

from typing import TYPE_CHECKING

from automl_skin.cli import options
from automl_skin.settings import Workspace

if TYPE_CHECKING:
    from automl_skin.papers.study_file import StudyFile


def studies(workspace: options.WorkspaceFolder = None) -> None:
    """List the studies: what, from which paper, which data they need, and how long they took where."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.papers.reading import list_paper_studies
    from automl_skin.study.study import list_studies

    place, terminal = Workspace.at(workspace, None), Terminal()
    papers = list_paper_studies(place)
    rows = [
        (file.name, file.paper.what, file.paper.citation, file.paper.needs, file.paper.took, _variants(file))
        for file in papers
    ]
    columns = ("name", "what", "paper", "needs", "took", "variants")
    terminal.table("Studies of papers: automl-skin reproduce NAME [--smoke]", columns, rows, of_text=True)
    named = {file.name for file in papers}
    others = [row for row in list_studies(place) if row[0] not in named]
    terminal.table("Other studies", ("name", "where", "trials", "what"), others, of_text=True)


def _variants(file: "StudyFile") -> str:
    return ", ".join(variant.name for variant in file.variants)
