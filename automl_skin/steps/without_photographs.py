"""What stands in for looking at photographs where a study has none: the ids and, where there are some, vectors."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from automl_skin.data.locate import EXTENSIONS
from automl_skin.data.manifest import Manifest
from automl_skin.digests import digest_json
from automl_skin.images.duplicates import find_exact
from automl_skin.images.inspect import Inspection, without_files
from automl_skin.steps.given import MatchedVectors, digest_given
from automl_skin.study.config import NO_BACKBONE, StudyConfig

N_TRIED = 20
"""Ids whose files are looked for in the folders beside a table."""

MAX_FOLDERS = 100

UNNAMED = (StudyConfig().backbone, (NO_BACKBONE,))


def look_at_ids(manifest: Manifest, matched: Sequence[MatchedVectors]) -> tuple[Inspection, pd.DataFrame]:
    """Return what is known of photographs that are not given, and the pairs of copies as `find_duplicates` does.

    What stands for a photograph's content is its id with the metadata of its case: openings of the locked test set are
    counted by it. Photographs whose given vectors are equal in all numbers are copies; nothing else is compared.
    """
    images = manifest.images
    rows = manifest.metadata.astype("str").fillna("")
    values = dict(zip(rows.index, rows.to_numpy(object).tolist(), strict=True))
    contents = [
        digest_json([given, *values[case]])
        for given, case in zip(images["given"], images["case"], strict=True)
    ]
    inspection = without_files(list(images["path"]), contents)
    of_vectors = images[["path", "case"]].assign(content=digest_given(matched, len(images)))
    pairs, _ = find_exact(of_vectors.drop_duplicates(["case", "content"], ignore_index=True))
    return inspection, pairs


def note_no_photographs(config: StudyConfig, manifest: Manifest) -> tuple[str, ...]:
    """Return what stands at the top of a study without photographs, and where some lie that may be meant."""
    searched = "vectors and metadata are searched" if config.embeddings else "metadata alone is searched"
    unused = "" if config.backbone in UNNAMED else f"; --backbone {config.backbone[0]} is not used"
    note = f"No photographs: --images was not given; {searched}{unused}"
    beside = _folder_beside(config, manifest)
    if beside is None:
        return (note,)
    return (
        note,
        f"{'Note:':<10}{beside} holds photographs of the table; --images {beside} searches them as well",
    )


def _folder_beside(config: StudyConfig, manifest: Manifest) -> Path | None:
    """Return the first folder beside the tables that holds most of a few photographs of the table."""
    if not manifest.roles.image:
        return None
    tried = list(manifest.images["given"].head(N_TRIED))
    for folder in _folders([Path(path) for path in config.data]):
        found = sum(_has(folder, name) for name in tried)
        if 2 * found >= len(tried):
            return folder
    return None


def _folders(tables: Sequence[Path]) -> Iterator[Path]:
    """Yield the tables' folders and the first folders in them."""
    for parent in dict.fromkeys(path.absolute().parent for path in tables):
        yield parent
        try:
            below = sorted(each for each in parent.iterdir() if each.is_dir())
        except OSError:
            continue
        yield from below[:MAX_FOLDERS]


def _has(folder: Path, name: str) -> bool:
    """Return whether a folder has the file of an id, which may be its name without extension."""
    if "\0" in name or ".." in Path(name).parts or Path(name).is_absolute():
        return False
    try:
        return any(Path(folder, name + extension).is_file() for extension in ("", *sorted(EXTENSIONS)))
    except OSError:  # a name that is too long for the file system
        return False
