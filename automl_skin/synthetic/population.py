"""Who is in the synthetic study: patients, lesions and images, their latent factors and their labels.

Symbols
-------
metadata_score : (n_lesions,)
    Effects of age, sex and site, scaled to variance about 1.
z : (n_lesions, 4)
    Latent image factors (asymmetry, border, colours, structure), each standard normal, correlated by
    `SHARED` because disorder rarely comes alone, and what they share correlated by `AGEING` with the
    metadata score, as lesions of old sun-exposed skin look worse. Pictures show z; the table never does.
image_score : (n_lesions,)
    Weighted sum of z, scaled to variance 1.
risk : (n_lesions,)
    sigmoid(INTERCEPT + IMAGE_EFFECT image_score + METADATA_EFFECT metadata_score). Malignant is drawn from it.

Everything else (skin tone, light, hair, collection, keratinocytic or melanocytic, what is missing) is drawn
without looking at the factors or at the label.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray
from automl_skin.seeding import generator

FACTORS = ("asymmetry", "border", "colours", "structure")
WEIGHTS = (0.3, 0.8, 0.8, 1.8)
SHARED = 0.55
AGEING = 0.38
INTERCEPT = -1.6
IMAGE_EFFECT = 2.35
METADATA_EFFECT = 0.95

SCORES = {"image": "image_score", "metadata": "metadata_score", "both": "score"}
"""Column of the log odds that each part of the truth gives."""

SITES = {  # share of the lesions, effect on the metadata score
    "back": (0.24, 0.1),
    "abdomen": (0.12, -0.6),
    "chest": (0.08, 0.1),
    "face": (0.12, 0.7),
    "scalp": (0.05, 0.8),
    "neck": (0.05, 0.2),
    "upper extremity": (0.14, -0.1),
    "lower extremity": (0.16, -0.3),
    "foot": (0.04, -0.5),
}
SOURCES = {  # share of the patients, word for missing, missing share of age, sex and site
    "clinic_north": (0.6, "unknown", (0.03, 0.02, 0.06)),
    "clinic_south": (0.4, "", (0.06, 0.04, 0.13)),
}
DIAGNOSES = {  # (malignant, keratinocytic)
    (False, False): "nevus",
    (False, True): "keratosis",
    (True, False): "melanoma",
    (True, True): "carcinoma",
}
KERATINOCYTIC_SHARE = 0.35


def draw_lesions(n_lesions: int, seed: int) -> pd.DataFrame:
    """Draw the lesions of a study with their true risk.

    Returns
    -------
    DataFrame
        One row per lesion: ``lesion_id``, ``patient_id``, ``source``, ``age_years``, ``sex``, ``site`` (nothing
        missing), the four factors, ``image_score``, ``metadata_score``, ``score`` (log odds), ``risk``,
        ``malignant``, ``keratinocytic``, ``diagnosis`` and ``skin_tone`` in [0, 1] (a patient's).
    """
    lesions = _with_patients(n_lesions, seed)
    lesions["metadata_score"] = metadata_score(lesions)
    factors = draw_factors(lesions["metadata_score"].to_numpy(dtype=float), seed)
    lesions[list(FACTORS)] = factors
    lesions["image_score"] = image_score(factors)
    lesions["score"] = (
        INTERCEPT + IMAGE_EFFECT * lesions["image_score"] + METADATA_EFFECT * lesions["metadata_score"]
    )
    lesions["risk"] = 1.0 / (1.0 + np.exp(-lesions["score"]))
    lesions["malignant"] = generator(seed, "label").random(n_lesions) < lesions["risk"]
    lesions["keratinocytic"] = generator(seed, "kind").random(n_lesions) < KERATINOCYTIC_SHARE
    kinds = zip(lesions["malignant"], lesions["keratinocytic"], strict=True)
    lesions["diagnosis"] = [DIAGNOSES[bool(malignant), bool(kind)] for malignant, kind in kinds]
    return lesions


def draw_factors(metadata_scores: FloatArray, seed: int) -> FloatArray:
    """Draw the latent factors z, (n_lesions, 4), given metadata scores of shape (n_lesions,)."""
    rng = generator(seed, "factors")
    fresh = rng.standard_normal(len(metadata_scores))
    common = AGEING * metadata_scores + np.sqrt(1.0 - AGEING**2) * fresh
    own = rng.standard_normal((len(metadata_scores), len(FACTORS)))
    return np.asarray(np.sqrt(SHARED) * common[:, None] + np.sqrt(1.0 - SHARED) * own)


def image_score(factors: FloatArray) -> FloatArray:
    """Weigh the factors and scale the sum to variance 1."""
    weights = np.asarray(WEIGHTS)
    variance = (1.0 - SHARED) * np.sum(weights**2) + SHARED * np.sum(weights) ** 2
    return np.asarray(factors @ weights / np.sqrt(variance))


def image_score_from(factors: FloatArray, shown: Sequence[int]) -> FloatArray:
    """Return the expected image score of lesions of which some factors are seen.

    The factors are jointly normal with variance 1 and covariance `SHARED`, whatever the metadata: what is not seen is
    expected where the seen ones are.

    Parameters
    ----------
    factors : ndarray of shape (n_lesions, 4)
    shown : sequence of int
        Positions of the factors that are seen.
    """
    covariance = SHARED + (1.0 - SHARED) * np.eye(len(FACTORS))
    seen = list(shown)
    expected = factors[:, seen] @ np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[seen])
    return image_score(np.asarray(expected))


def metadata_score(lesions: pd.DataFrame) -> FloatArray:
    """Add up the effects of age, sex and site and scale the sum to variance about 1."""
    age = (lesions["age_years"].to_numpy(dtype=float) - 52.0) / 17.0
    sex = np.where(lesions["sex"] == "male", 0.25, -0.25)
    site = lesions["site"].map({name: effect for name, (_, effect) in SITES.items()}).to_numpy(dtype=float)
    return np.asarray((0.75 * age + sex + site) / 0.867)


def draw_images(lesions: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Repeat each lesion for its one to three images, adding ``image_id``."""
    counts = generator(seed, "images").choice([1, 2, 3], size=len(lesions), p=[0.72, 0.2, 0.08])
    images = lesions.loc[lesions.index.repeat(counts)].reset_index(drop=True)
    images.insert(0, "image_id", [f"SYN_{number:07d}" for number in range(1, len(images) + 1)])
    return images


def metadata_table(images: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the table that a clinic would write: what is missing is missing at random, in the clinic's own words."""
    table = images[["image_id", "lesion_id", "patient_id", "source"]].copy()
    table["age"] = images["age_years"].astype(int).astype(str)
    table["sex"] = images["sex"]
    table["site"] = images["site"]
    words = images["source"].map({name: word for name, (_, word, _) in SOURCES.items()})
    shares = images["source"].map({name: missing for name, (_, _, missing) in SOURCES.items()})
    for place, column in enumerate(("age", "sex", "site")):
        chance = generator(seed, "missing", column).random(len(images))
        absent = chance < np.array([share[place] for share in shares])
        table[column] = table[column].where(~absent, words)
    table["diagnosis"] = images["diagnosis"]
    return table


def _with_patients(n_lesions: int, seed: int) -> pd.DataFrame:
    rng = generator(seed, "patients")
    lesions_each = rng.choice([1, 2, 3, 5], size=n_lesions, p=[0.65, 0.2, 0.1, 0.05])
    owner = np.repeat(np.arange(n_lesions), lesions_each)[:n_lesions]
    age = np.clip(rng.normal(52.0, 17.0, n_lesions), 18, 90).round()
    sex = rng.choice(["female", "male"], size=n_lesions)
    source = rng.choice(list(SOURCES), size=n_lesions, p=[share for share, _, _ in SOURCES.values()])
    tone = rng.beta(1.3, 3.0, n_lesions)
    sites = rng.choice(list(SITES), size=n_lesions, p=[share for share, _ in SITES.values()])
    names = {
        "lesion_id": [f"SYN_L{number:05d}" for number in range(1, n_lesions + 1)],
        "patient_id": [f"SYN_P{number + 1:05d}" for number in owner],
    }
    drawn = {"source": source[owner], "age_years": age[owner], "sex": sex[owner], "site": sites}
    return pd.DataFrame({**names, **drawn, "skin_tone": tone[owner]})
