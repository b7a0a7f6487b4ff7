"""The cases that a stack is confidently wrong about, with their photographs; development cases, out of fold."""

import numpy as np
import pandas as pd

from automl_skin.errors import ImageError
from automl_skin.evaluation.model_card import CardFacts
from automl_skin.evaluation.report.facts import Mistake
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.thumbnail import thumbnail
from automl_skin.search.material import Material
from automl_skin.steps.prepare import read_prepared
from automl_skin.steps.report_facts import out_of_fold_decisions
from automl_skin.study.stack_files import BuiltStack
from automl_skin.study.study import Study


def find_mistakes(
    study: Study, built: BuiltStack, material: Material, card: CardFacts, per_class: int
) -> list[Mistake]:
    """Return the wrong decisions that are surest, some of each class, the surest first."""
    decisions = out_of_fold_decisions(built, material, card)
    if decisions is None:
        return []
    labels = material.labels
    doubt = 1.0 - built.deployed[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(decisions != labels)
    surest = wrong[np.argsort(-doubt[wrong], kind="stable")]
    chosen = [
        row for label in range(material.n_classes) for row in surest[labels[surest] == label][:per_class]
    ]
    manifest = read_prepared(study).manifest
    paths = manifest.images.dropna(subset="path").drop_duplicates("case").set_index("case")["path"]
    folder = ImageFolder(manifest.images_root)
    if not manifest.has_photographs:
        paths = paths.iloc[:0]
    return [
        Mistake(
            case=str(material.cases.index[row]),
            diagnosis=str(material.cases["diagnosis"].iloc[row]),
            taken_for=card.classes[int(decisions[row])],
            probability=float(built.deployed[row, decisions[row]]),
            image=_photograph(folder, paths, str(material.cases.index[row])),
        )
        for row in chosen
    ]


def _photograph(folder: ImageFolder, paths: "pd.Series[str]", case: str) -> bytes | None:
    """Return a small picture of a case's first photograph; None where there is none that can be read."""
    if case not in paths.index:
        return None
    try:
        return thumbnail(decode(folder.read(paths[case]), name=paths[case]))
    except ImageError:
        return None
