"""One part of a table: its rows in, the same rows with their scores out."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from automl_skin.data.manifest import Manifest, ManifestOptions, build_manifest
from automl_skin.data.roles import Roles
from automl_skin.errors import ImageError
from automl_skin.export.facts import BundleFacts
from automl_skin.export.predictor import Photograph, Prediction, Predictor
from automl_skin.images.folder import ImageFolder
from automl_skin.scoring.decide import Wishes, correct_prevalence, decide


def understand_rows(
    part: pd.DataFrame, images_root: Path, facts: BundleFacts, roles: dict[str, str] | None = None
) -> Manifest:
    """Return the manifest of some rows; a metadata column that the table lacks is missing for all.

    Parameters
    ----------
    part : DataFrame
        Rows of a table.
    images_root : Path
    facts : BundleFacts
    roles : dict of str to str, optional
        Columns by role; those of the training table that are there, by default.
    """
    if roles is None:
        roles = {role: column for role, column in facts.roles.items() if column in part.columns}
    options = ManifestOptions(roles=roles, allow_missing=True, kinds=facts.kinds)  # type: ignore[arg-type]
    return build_manifest(part, images_root, options)


def read_photographs(manifest: Manifest) -> Iterator[Photograph]:
    """Yield the photographs of a manifest; one that cannot be read says why."""
    folder = ImageFolder(manifest.images_root)
    for case, role, path, given in manifest.images[["case", "role", "path", "given"]].itertuples(index=False):
        if pd.isna(path):
            yield Photograph(case, role, str(given), None, f"{given} is not in {manifest.images_root}")
            continue
        try:
            yield Photograph(case, role, path, folder.read(path))
        except ImageError as error:
            yield Photograph(case, role, path, None, str(error))


def score_rows(
    predictor: Predictor, part: pd.DataFrame, manifest: Manifest, wishes: Wishes
) -> tuple[pd.DataFrame, Prediction]:
    """Score the rows of a part.

    Returns
    -------
    scores : DataFrame
        One row an input row, in order: id columns, probabilities, decision, flags.
    prediction : Prediction
        By case.
    """
    prediction = predictor.predict(manifest.metadata, list(read_photographs(manifest)))
    facts = predictor.facts
    shown = prediction.probabilities
    if wishes.prevalence is not None and facts.is_binary:
        shown = correct_prevalence(shown, facts.priors[1], wishes.prevalence)
    columns: dict[str, object] = (
        {"probability": shown[:, 1]}
        if facts.is_binary
        else {f"probability_{name}": shown[:, label] for label, name in enumerate(facts.classes)}
    )
    columns["decision"] = decide(facts, prediction.probabilities, wishes)
    columns["flags"] = [";".join(flags) for flags in prediction.flags]
    by_case = pd.DataFrame(columns, index=manifest.cases.index)
    given = manifest.images.set_index("given")["case"]
    ids = part[id_columns(manifest.roles, part)].reset_index(drop=True)
    cases = _case_of_rows(part, manifest, given)
    return pd.concat([ids, by_case.loc[cases].reset_index(drop=True)], axis=1), prediction


def id_columns(roles: Roles, part: pd.DataFrame) -> list[str]:
    """Return the id columns that are written back: case, image, patient, lesion."""
    wanted = (roles.case, roles.image, roles.patient, roles.lesion)
    return [column for column in dict.fromkeys(wanted) if column is not None and column in part.columns]


def folder_table(images_root: Path) -> pd.DataFrame:
    """Return a table of all images of a folder, by path, for scoring without a table."""
    from automl_skin.data.locate import index_images

    return pd.DataFrame({"image": sorted(index_images(images_root).paths)}, dtype="str")


def _case_of_rows(part: pd.DataFrame, manifest: Manifest, given: "pd.Series[str]") -> "pd.Series[str]":
    from automl_skin.data.table import canonical_text

    column = manifest.roles.case or manifest.roles.image
    values = canonical_text(part[column])
    return values if manifest.roles.case else values.map(given)
