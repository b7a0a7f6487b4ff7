"""The built-in study: pictures, a metadata table and the truth behind them; see `automl_skin.synthetic.folder`."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from automl_skin.arrays import Pixels
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
from automl_skin.synthetic.lesion import Lesion, Look, draw_lesion
from automl_skin.synthetic.picture import Pigment, balanced, draw_pigment, photograph
from automl_skin.synthetic.population import FACTORS, SCORES, draw_images, draw_lesions, metadata_table

VERSION = 1  # of the generator; raise it whenever the same seed gives other pictures or labels
HAIRY_SHARE = 0.25
_QUALITY = 92
_ORACLE_COLUMNS = ["image_id", "lesion_id", *FACTORS, "keratinocytic", *SCORES.values(), "risk", "malignant"]


@dataclass(frozen=True)
class SyntheticArguments:
    """The search arguments that fit the synthetic table."""

    target: str
    positive: tuple[str, ...]


SYNTHETIC_ARGUMENTS = SyntheticArguments(target="diagnosis", positive=("melanoma", "carcinoma"))


def study_folder(root: Path, n_lesions: int = 800, seed: int = 0) -> Path:
    """Name the folder of one synthetic study under `root`; another generator version has another name."""
    return Path(root) / f"synthetic-v{VERSION}-{n_lesions}-lesions-seed-{seed}"


def generate(
    folder: Path, n_lesions: int = 800, seed: int = 0, progress: Progress | None = None
) -> SyntheticStudy:
    """Generate a synthetic study, or return at once if the same one is complete; see `make_once`.

    Parameters
    ----------
    folder : Path
    n_lesions : int
        Lesions; about 1.35 times as many images.
    seed : int
        The same seed gives the same bytes.
    progress : callable, optional
        Told images done and images in all.
    """
    arguments = {"version": VERSION, "n_lesions": n_lesions, "seed": seed}
    return make_once(folder, arguments, lambda empty: _draw_study(empty, n_lesions, seed, progress))


def _draw_study(folder: Path, n_lesions: int, seed: int, progress: Progress | None) -> dict[str, Any]:
    """Write table, oracle and pictures, and return the record of the study."""
    images = draw_images(draw_lesions(n_lesions, seed), seed)
    metadata_table(images, seed).to_csv(folder / TABLE_NAME, index=False, lineterminator="\n")
    images[_ORACLE_COLUMNS].to_csv(folder / ORACLE_NAME, index=False, lineterminator="\n")
    for _, photographs in images.groupby("lesion_id", sort=False):
        lesion, pigment = draw_row(photographs.iloc[0], seed)
        for image_id in photographs["image_id"]:
            pixels = photograph(lesion, pigment, HAIRY_SHARE, generator(seed, "image", image_id))
            write_jpeg(folder / IMAGES_NAME / f"{image_id}.jpg", pixels)
        if progress is not None:
            progress(int(photographs.index[-1]) + 1, len(images))
    scores = {name: images[column].to_numpy(dtype=float) for name, column in SCORES.items()}
    return {"n_images": len(images), "oracle_auc": oracle_auc(images["malignant"].to_numpy(bool), scores)}


def draw_row(row: "pd.Series[Any]", seed: int, shown: Collection[str] = FACTORS) -> tuple[Lesion, Pigment]:
    """Draw the lesion of a row; a factor that is not shown is that of an average lesion.

    The outline and the pigment of a lesion are the same in all its photographs.
    """
    rng = generator(seed, "lesion", str(row["lesion_id"]))
    pigment = draw_pigment(float(row["skin_tone"]), rng)
    strengths = {name: visible_strength(float(row[name]) if name in shown else 0.0) for name in FACTORS}
    lesion = draw_lesion(Look(**strengths, keratinocytic=bool(row["keratinocytic"])), rng)
    return lesion, balanced(pigment, lesion)


def visible_strength(factor: float) -> float:
    """Turn a standard normal factor into what the renderer shows, in [0, 1]."""
    return float(np.clip(0.5 + 0.23 * factor, 0.0, 1.0))


def write_jpeg(path: Path, pixels: Pixels) -> None:
    """Write a picture as a JPEG file."""
    written, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert written
    path.write_bytes(encoded.tobytes())
