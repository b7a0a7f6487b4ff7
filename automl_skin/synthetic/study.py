"""The built-in study: pictures, a metadata table and the truth behind them, in one folder.

::

    <folder>/
      metadata.csv    what a clinic would hand over; no oracle column
      images/         <image_id>.jpg
      oracle.csv      the latent factors and the true risk; for evaluation only
      oracle.json     arguments and oracle AUCs; written with the folder, so that it marks completeness
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from automl_skin.arrays import Pixels
from automl_skin.errors import ConfigError
from automl_skin.seeding import generator
from automl_skin.synthetic.folder import made_once
from automl_skin.synthetic.lesion import Lesion, Look, draw_lesion
from automl_skin.synthetic.oracle import ORACLE_NAME, oracle_auc
from automl_skin.synthetic.picture import Pigment, balanced, draw_pigment, photograph
from automl_skin.synthetic.population import FACTORS, draw_images, draw_lesions, metadata_table

VERSION = 1  # of the generator; raise it whenever the same seed gives other pictures or labels
HAIRY_SHARE = 0.25
_QUALITY = 92
TABLE_NAME, IMAGES_NAME = "metadata.csv", "images"
_ORACLE_COLUMNS = ["image_id", "lesion_id", *FACTORS, "keratinocytic"]
_ORACLE_COLUMNS += ["image_score", "metadata_score", "score", "risk", "malignant"]


@dataclass(frozen=True)
class SyntheticArguments:
    """The search arguments that fit the synthetic table."""

    target: str
    positive: tuple[str, ...]


SYNTHETIC_ARGUMENTS = SyntheticArguments(target="diagnosis", positive=("melanoma", "carcinoma"))


@dataclass(frozen=True)
class SyntheticStudy:
    """Where a synthetic study lies, and the AUC of its true risk (``image``, ``metadata``, ``both``)."""

    table: Path
    images: Path
    oracle: Path
    oracle_auc: dict[str, float]


def study_folder(root: Path, n_lesions: int = 800, seed: int = 0) -> Path:
    """Name the folder of one synthetic study under `root`; another generator version has another name."""
    return Path(root) / f"synthetic-v{VERSION}-{n_lesions}-lesions-seed-{seed}"


def generate(
    folder: Path, n_lesions: int = 800, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> SyntheticStudy:
    """Generate a synthetic study, or return at once where the same one is complete.

    The study is drawn into a folder beside `folder` and moved into its place when it is whole, so a killed
    run leaves nothing that could be taken for a study, and the next one starts afresh. Two processes that ask
    for the same folder wait for each other.

    Parameters
    ----------
    folder : Path
        Absent, empty, or a study that this function made with the same arguments.
    n_lesions : int
        Lesions; about 1.35 times as many images.
    seed : int
        The same seed gives the same bytes.
    progress : callable, optional
        Told images done and images in all.

    Raises
    ------
    ConfigError
        If `n_lesions` is below 1, or `folder` holds a study of other arguments.
    StorageError
        If `folder` holds anything else, or cannot be written.
    """
    if n_lesions < 1:
        message = f"a synthetic study needs at least 1 lesion, not {n_lesions}"
        raise ConfigError(message)
    arguments = {"version": VERSION, "n_lesions": n_lesions, "seed": seed}
    folder = Path(folder).absolute()
    record = made_once(
        folder, arguments, lambda empty: _draw_study(empty, n_lesions, seed, progress or _silent)
    )
    return SyntheticStudy(
        folder / TABLE_NAME, folder / IMAGES_NAME, folder / ORACLE_NAME, dict(record["oracle_auc"])
    )


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _draw_study(
    folder: Path, n_lesions: int, seed: int, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Write table, oracle and pictures into an empty folder, and return the record of the study."""
    (folder / IMAGES_NAME).mkdir()
    images = draw_images(draw_lesions(n_lesions, seed), seed)
    metadata_table(images, seed).to_csv(folder / TABLE_NAME, index=False, lineterminator="\n")
    oracle = images[_ORACLE_COLUMNS]
    oracle.to_csv(folder / ORACLE_NAME, index=False, lineterminator="\n")
    _photograph_all(images, folder / IMAGES_NAME, seed, progress)
    return {"n_images": len(images), "oracle_auc": _auc_or_none(oracle)}


def _auc_or_none(oracle: pd.DataFrame) -> dict[str, float]:
    """Return the oracle's AUCs; none for a study so small that it has one class."""
    return oracle_auc(oracle) if len(set(oracle["malignant"])) > 1 else {}


def _photograph_all(
    images: pd.DataFrame, folder: Path, seed: int, progress: Callable[[int, int], None]
) -> None:
    for _, photographs in images.groupby("lesion_id", sort=False):
        lesion, pigment = _draw(photographs.iloc[0], seed)
        for image_id in photographs["image_id"]:
            pixels = photograph(lesion, pigment, HAIRY_SHARE, generator(seed, "image", image_id))
            (folder / f"{image_id}.jpg").write_bytes(jpeg(pixels))
        progress(int(photographs.index[-1]) + 1, len(images))


def _draw(row: pd.Series, seed: int) -> tuple[Lesion, Pigment]:
    rng = generator(seed, "lesion", str(row["lesion_id"]))
    pigment = draw_pigment(float(row["skin_tone"]), rng)
    strengths = {name: visible_strength(float(row[name])) for name in FACTORS}
    lesion = draw_lesion(Look(**strengths, keratinocytic=bool(row["keratinocytic"])), rng)
    return lesion, balanced(pigment, lesion)


def visible_strength(factor: float) -> float:
    """Turn a standard normal factor into what the renderer shows, in [0, 1]."""
    return float(np.clip(0.5 + 0.23 * factor, 0.0, 1.0))


def jpeg(pixels: Pixels) -> bytes:
    """Return a picture as a JPEG file."""
    written, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert written
    return bytes(encoded.tobytes())
