"""Pairs: a dermoscopic and a close-up photograph of the same lesion, each of which shows a part of the truth.

The folder has the layout of `automl_skin.synthetic.folder`. In the table a row is a photograph: ``case_id`` says
which case it belongs to, ``image_role`` what kind it is, and the metadata are those of the case. The dermatoscope
shows colours and structure of a lesion, the close-up its asymmetry, border and colours; what a photograph does not
show is drawn as in an average lesion. Some cases lack one of their photographs, whatever they show.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.seeding import generator
from automl_skin.synthetic.folder import (
    IMAGES_NAME,
    ORACLE_NAME,
    TABLE_NAME,
    Progress,
    SyntheticStudy,
    make_once,
    oracle_auc,
)
from automl_skin.synthetic.picture import DERMATOSCOPE, HAND_HELD, photograph
from automl_skin.synthetic.population import FACTORS, SCORES, draw_lesions, image_score_from, metadata_table
from automl_skin.synthetic.study import HAIRY_SHARE, draw_row, write_jpeg

VERSION = 1  # of the pairs; raise it whenever the same seed gives other pictures or labels
DERMOSCOPIC, CLOSE_UP = "dermoscopic", "close-up"
CAMERAS = {DERMOSCOPIC: DERMATOSCOPE, CLOSE_UP: HAND_HELD}
SHOWN = {DERMOSCOPIC: ("colours", "structure"), CLOSE_UP: ("asymmetry", "border", "colours")}
"""The factors that each kind of photograph shows."""

LACKING = {DERMOSCOPIC: 0.05, CLOSE_UP: 0.10}
"""Share of the cases that lack each kind of photograph; none lacks both."""

_ORACLE_COLUMNS = ["image_id", "case_id", "image_role", "lesion_id", *FACTORS, "keratinocytic"]
_ORACLE_COLUMNS += [*SCORES.values(), "risk", "malignant"]


def pairs_folder(root: Path, n_lesions: int = 400, seed: int = 0) -> Path:
    """Name the folder of one study of pairs under `root`; another generator version has another name."""
    return Path(root) / f"synthetic-pairs-v{VERSION}-{n_lesions}-lesions-seed-{seed}"


def generate_pairs(
    folder: Path, n_lesions: int = 400, seed: int = 0, progress: Progress | None = None
) -> SyntheticStudy:
    """Generate a synthetic study of pairs, or return at once if the same one is complete; see `make_once`.

    Its `oracle_auc` also has the best that each kind of photograph can reach, under ``dermoscopic`` and ``close-up``.

    Parameters
    ----------
    folder : Path
    n_lesions : int
        Lesions, each of which is a case; about 1.85 times as many images.
    seed : int
        The same seed gives the same bytes.
    progress : callable, optional
        Told cases done and cases in all.
    """
    arguments = {"pairs_version": VERSION, "n_lesions": n_lesions, "seed": seed}
    return make_once(folder, arguments, lambda empty: _draw_pairs(empty, n_lesions, seed, progress))


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


def _draw_pairs(folder: Path, n_lesions: int, seed: int, progress: Progress | None) -> dict[str, Any]:
    cases = draw_lesions(n_lesions, seed)
    cases.insert(0, "case_id", [f"SYN_C{number:05d}" for number in range(1, n_lesions + 1)])
    images = draw_photographs(cases, seed)
    _table(cases, images, seed).to_csv(folder / TABLE_NAME, index=False, lineterminator="\n")
    images[_ORACLE_COLUMNS].to_csv(folder / ORACLE_NAME, index=False, lineterminator="\n")
    for position, (_, photographs) in enumerate(images.groupby("case_id", sort=False), 1):
        for _, row in photographs.iterrows():
            _photograph(row, folder / IMAGES_NAME, seed)
        if progress is not None:
            progress(position, n_lesions)
    factors = cases[list(FACTORS)].to_numpy(dtype=float)
    scores = {name: cases[column].to_numpy(dtype=float) for name, column in SCORES.items()}
    scores |= {role: role_score(factors, role) for role in CAMERAS}
    return {"n_images": len(images), "oracle_auc": oracle_auc(cases["malignant"].to_numpy(bool), scores)}


def _table(cases: pd.DataFrame, images: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the table of a clinic: what is missing is missing of the case, in all its rows."""
    written = metadata_table(cases.rename(columns={"case_id": "image_id"}), seed)
    written = written.rename(columns={"image_id": "case_id"})
    return images[["image_id", "case_id", "image_role"]].merge(written, on="case_id", validate="many_to_one")


def _photograph(row: "pd.Series[Any]", folder: Path, seed: int) -> None:
    role, image_id = str(row["image_role"]), str(row["image_id"])
    lesion, pigment = draw_row(row, seed, SHOWN[role])
    light = generator(seed, "image", image_id)
    write_jpeg(folder / f"{image_id}.jpg", photograph(lesion, pigment, HAIRY_SHARE, light, CAMERAS[role]))
