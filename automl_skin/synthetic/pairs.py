"""Pairs: a dermoscopic and a close-up photograph of the same lesion, each of which shows a part of the truth.

The folder has the layout of `automl_skin.synthetic.study`. In the table a row is a photograph: ``case_id`` says
which case it belongs to, ``image_role`` what kind it is, and the metadata are those of the case. The dermatoscope
shows colours and structure of a lesion, the close-up its asymmetry, border and colours; what a photograph does not
show is drawn as in an average lesion. Some cases lack one of their photographs, whatever they show.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.errors import ConfigError
from automl_skin.seeding import generator
from automl_skin.synthetic.folder import made_once
from automl_skin.synthetic.lesion import Look, draw_lesion
from automl_skin.synthetic.oracle import ORACLE_NAME, auc_of_scores
from automl_skin.synthetic.picture import DERMATOSCOPE, HAND_HELD, balanced, draw_pigment, photograph
from automl_skin.synthetic.population import FACTORS, draw_lesions, image_score_from, metadata_table
from automl_skin.synthetic.study import (
    HAIRY_SHARE,
    IMAGES_NAME,
    TABLE_NAME,
    SyntheticStudy,
    jpeg,
    visible_strength,
)

VERSION = 1  # of the pairs; raise it whenever the same seed gives other pictures or labels
DERMOSCOPIC, CLOSE_UP = "dermoscopic", "close-up"
CAMERAS = {DERMOSCOPIC: DERMATOSCOPE, CLOSE_UP: HAND_HELD}
SHOWN = {DERMOSCOPIC: ("colours", "structure"), CLOSE_UP: ("asymmetry", "border", "colours")}
"""The factors that each kind of photograph shows."""

LACKING = {DERMOSCOPIC: 0.05, CLOSE_UP: 0.10}
"""Share of the cases that lack each kind of photograph; none lacks both."""

_ORACLE_COLUMNS = ["lesion_id", *FACTORS, "keratinocytic", "image_score", "metadata_score", "score", "risk"]


def pairs_folder(root: Path, n_lesions: int = 400, seed: int = 0) -> Path:
    """Name the folder of one study of pairs under `root`; another generator version has another name."""
    return Path(root) / f"synthetic-pairs-v{VERSION}-{n_lesions}-lesions-seed-{seed}"


def generate_pairs(
    folder: Path, n_lesions: int = 400, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> SyntheticStudy:
    """Generate a synthetic study of pairs, or return at once where the same one is complete.

    Parameters
    ----------
    folder : Path
        Absent, empty, or a study that this function made with the same arguments.
    n_lesions : int
        Lesions, each of which is a case; about 1.85 times as many images.
    seed : int
        The same seed gives the same bytes.
    progress : callable, optional
        Told cases done and cases in all.

    Returns
    -------
    SyntheticStudy
        Its `oracle_auc` has the best that each kind of photograph can reach too, under ``dermoscopic`` and
        ``close-up``.

    Raises
    ------
    ConfigError
        If `n_lesions` is below 1, or `folder` holds a study of other arguments.
    StorageError
        If `folder` holds anything else, or cannot be written.
    """
    if n_lesions < 1:
        message = f"a synthetic study of pairs needs at least 1 lesion, not {n_lesions}"
        raise ConfigError(message)
    arguments = {"pairs_version": VERSION, "n_lesions": n_lesions, "seed": seed}
    folder = Path(folder).absolute()
    record = made_once(folder, arguments, lambda empty: _draw_pairs(empty, n_lesions, seed, progress))
    return SyntheticStudy(
        folder / TABLE_NAME, folder / IMAGES_NAME, folder / ORACLE_NAME, dict(record["oracle_auc"])
    )


def draw_photographs(cases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Repeat each case for the photographs that it has, adding ``image_id`` and ``image_role``."""
    chance = generator(seed, "lacking").random(len(cases))
    lacks_close_up = chance > 1.0 - LACKING[CLOSE_UP]
    lacks = {DERMOSCOPIC: chance < LACKING[DERMOSCOPIC], CLOSE_UP: lacks_close_up}
    parts = [cases.assign(image_role=role)[~lacks[role]] for role in CAMERAS]
    images = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    images.insert(0, "image_id", [f"SYN_{number:07d}" for number in range(1, len(images) + 1)])
    return images


def role_score(factors: FloatArray, role: str) -> FloatArray:
    """Return the expected image score given the factors that a kind of photograph shows, (n_lesions,)."""
    return image_score_from(factors, [FACTORS.index(name) for name in SHOWN[role]])


def _draw_pairs(
    folder: Path, n_lesions: int, seed: int, progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    (folder / IMAGES_NAME).mkdir()
    cases = draw_lesions(n_lesions, seed)
    cases.insert(0, "case_id", [f"SYN_C{number:05d}" for number in range(1, n_lesions + 1)])
    images = draw_photographs(cases, seed)
    _table(cases, images, seed).to_csv(folder / TABLE_NAME, index=False, lineterminator="\n")
    oracle = images[["image_id", "case_id", "image_role", *_ORACLE_COLUMNS, "malignant"]]
    oracle.to_csv(folder / ORACLE_NAME, index=False, lineterminator="\n")
    for position, (_, photographs) in enumerate(images.groupby("case_id", sort=False), 1):
        _photograph_case(photographs, folder / IMAGES_NAME, seed)
        if progress is not None:
            progress(position, n_lesions)
    return {"n_images": len(images), "oracle_auc": _oracle_auc(cases)}


def _table(cases: pd.DataFrame, images: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the table of a clinic: what is missing is missing of the case, in all its rows."""
    written = metadata_table(cases.rename(columns={"case_id": "image_id"}), seed)
    written = written.rename(columns={"image_id": "case_id"})
    return images[["image_id", "case_id", "image_role"]].merge(written, on="case_id", validate="many_to_one")


def _photograph_case(photographs: pd.DataFrame, folder: Path, seed: int) -> None:
    for row in photographs.to_dict("records"):
        role = str(row["image_role"])
        rng = generator(
            seed, "lesion", str(row["lesion_id"])
        )  # one outline and one pigment in all photographs
        pigment = draw_pigment(float(row["skin_tone"]), rng)
        strengths = {
            name: visible_strength(float(row[name]) if name in SHOWN[role] else 0.0) for name in FACTORS
        }
        lesion = draw_lesion(Look(**strengths, keratinocytic=bool(row["keratinocytic"])), rng)
        light = generator(seed, "image", str(row["image_id"]))
        pixels = photograph(lesion, balanced(pigment, lesion), HAIRY_SHARE, light, CAMERAS[role])
        (folder / f"{row['image_id']}.jpg").write_bytes(jpeg(pixels))


def _oracle_auc(cases: pd.DataFrame) -> dict[str, float]:
    """Return the AUC of each part of the truth; none for a study so small that it has one class."""
    malignant = cases["malignant"].to_numpy(dtype=np.bool_)
    if malignant.all() or not malignant.any():
        return {}
    factors = cases[list(FACTORS)].to_numpy(dtype=float)
    names = {"image": "image_score", "metadata": "metadata_score", "both": "score"}
    scores = {name: cases[column].to_numpy(dtype=float) for name, column in names.items()}
    scores |= {role: role_score(factors, role) for role in CAMERAS}
    return {name: auc_of_scores(malignant, values) for name, values in scores.items()}
