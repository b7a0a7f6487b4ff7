"""The built-in study: pictures, a metadata table and the truth behind them, in one folder.

::

    <folder>/
      metadata.csv    what a clinic would hand over; no oracle column
      images/         <image_id>.jpg
      oracle.csv      the latent factors and the true risk; for evaluation only
      oracle.json     arguments and oracle AUCs; written with the folder, so that it marks completeness
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from filelock import FileLock

from automl_skin.arrays import Pixels
from automl_skin.errors import ConfigError, StorageError
from automl_skin.files import read_json, storage_errors, write_json
from automl_skin.seeding import generator
from automl_skin.synthetic.lesion import Lesion, Look, draw_lesion
from automl_skin.synthetic.oracle import ORACLE_NAME, oracle_auc
from automl_skin.synthetic.picture import Pigment, balanced, draw_pigment, photograph
from automl_skin.synthetic.population import FACTORS, draw_images, draw_lesions, metadata_table

VERSION = 1  # of the generator; raise it whenever the same seed gives other pictures or labels
HAIRY_SHARE = 0.25
_QUALITY = 92
_TABLE_NAME, _IMAGES_NAME, _COMPLETE_NAME = "metadata.csv", "images", "oracle.json"
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
    folder = Path(folder).absolute()
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if not _is_complete(folder, n_lesions, seed):
                _build(folder, n_lesions, seed, progress or _silent)
    return _study(folder)


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _arguments(n_lesions: int, seed: int) -> dict[str, int]:
    return {"version": VERSION, "n_lesions": n_lesions, "seed": seed}


def _is_complete(folder: Path, n_lesions: int, seed: int) -> bool:
    """Tell whether `folder` holds the study asked for; raise where it holds something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / _COMPLETE_NAME).is_file():
        message = f"{folder} must be absent or empty and holds other files; choose another folder"
        raise StorageError(message)
    found = _read_record(folder)["arguments"]
    if found != _arguments(n_lesions, seed):
        message = (
            f"{folder} holds a synthetic study of {found}, not of {_arguments(n_lesions, seed)}; "
            "choose another folder or delete it"
        )
        raise ConfigError(message)
    return True


def _build(folder: Path, n_lesions: int, seed: int, progress: Callable[[int, int], None]) -> None:
    """Draw everything beside `folder`, then move it into place."""
    unfinished = folder.parent / f".{folder.name}.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    (unfinished / _IMAGES_NAME).mkdir(parents=True)
    images = draw_images(draw_lesions(n_lesions, seed), seed)
    metadata_table(images, seed).to_csv(unfinished / _TABLE_NAME, index=False, lineterminator="\n")
    oracle = images[_ORACLE_COLUMNS]
    oracle.to_csv(unfinished / ORACLE_NAME, index=False, lineterminator="\n")
    _photograph_all(images, unfinished / _IMAGES_NAME, seed, progress)
    write_json(
        unfinished / _COMPLETE_NAME,
        {
            "arguments": _arguments(n_lesions, seed),
            "n_images": len(images),
            "oracle_auc": _auc_or_none(oracle),
        },
    )
    unfinished.replace(folder)


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
            (folder / f"{image_id}.jpg").write_bytes(_jpeg(pixels))
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


def _jpeg(pixels: Pixels) -> bytes:
    written, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert written
    return bytes(encoded.tobytes())


def _read_record(folder: Path) -> dict[str, dict[str, float]]:
    record = read_json(folder / _COMPLETE_NAME)
    assert isinstance(record, dict)
    return record


def _study(folder: Path) -> SyntheticStudy:
    auc = {name: float(value) for name, value in _read_record(folder)["oracle_auc"].items()}
    return SyntheticStudy(folder / _TABLE_NAME, folder / _IMAGES_NAME, folder / ORACLE_NAME, auc)
