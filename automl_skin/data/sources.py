"""Tables that are known: by which columns they are recognised and what their columns are for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from automl_skin.data.headers import means_age, normal_name
from automl_skin.data.one_hot import ISIC_2019

DIAGNOSIS_NAMES = (
    r"dx(_.*)?|.*diagnos.*|.*benign.*|.*malignan.*|.*biops.*|.*histolog.*|histo(?!r).*|patholog.*|iddx_.*"
    r"|(.*_)?[a-z]*befund(_.*)?|.*dignit(a|ae)t|.*b(o|oe)sartig.*|.*gutartig.*|exzision.*|excision.*|exerese"
    r"|(.*_)?(reperto|referto|laudo|hallazgo)(_.*)?|.*istologi.*|.*anatomo?_?patolog.*|patologi(a|co)"
    r"|.*maligni(dad|dade|ta|te)|anatomie_pathologique|.*anatomia_patologica"
    r"|mel_(class|type|ulcer|mitotic_index|thick_mm)|melanocytic|melanoma|nevus_type|invasion_.*"
    r"|target|label|class|ziel|klasse|classe|clase|etiquette|etiqueta|etichetta|tbp_lv_dnn_lesion_confidence"
    r"|mel|nv|bcc|ak|akiec|ben_oth|bkl|df|inf|mal_oth|vasc|scc|sccka|unk"
)
"""Names of columns that are known only with, or because of, the diagnosis: never metadata unasked."""

PHOTOGRAPH_NAMES = (
    r"attribution|copyright_license|image_type|image_manipulation|dermoscopic_type|tbp_tile_type"
    r"|acquisition_day|pixels_[xy]|rcm_case_id"
)
"""Names of columns about the photograph and its collection, not about the patient."""


@dataclass(frozen=True)
class KnownTable:
    """A published table.

    Parameters
    ----------
    name : str
        What it is called.
    signatures : tuple of set of str
        It is recognised when all columns of one of these are there.
    images : tuple of str
        Columns that may hold image ids; the one that fits the image folder best is taken, else the first.
    metadata : tuple of str
        What is known of the patient and the lesion before the diagnosis.
    numbers : tuple of str
        Those of the metadata that are quantities.
    roles : mapping of str to str
        Role (`ROLES`) -> the column that has it.
    groups : tuple of str
        Further columns whose equal values belong together.
    pairs : str
        Column of what is one case although it has several photographs; empty where a photograph is a case.
    kind : str
        Column of the kind of photograph of a case in `pairs`.
    """

    name: str
    signatures: tuple[frozenset[str], ...]
    images: tuple[str, ...]
    metadata: tuple[str, ...]
    numbers: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    pairs: str = ""
    kind: str = ""


_ISIC_METADATA = (
    *("age_approx", "sex", "anatom_site_general", "anatom_site_special", "clin_size_long_diam_mm"),
    *("personal_hx_mm", "family_hx_mm", "fitzpatrick_skin_type"),
)
_ISIC_NUMBERS = ("age_approx", "clin_size_long_diam_mm")
_MONET = (
    *("MONET_ulceration_crust", "MONET_hair", "MONET_vasculature_vessels", "MONET_erythema"),
    *("MONET_pigmented", "MONET_gel_water_drop_fluid_dermoscopy_liquid"),
    "MONET_skin_markings_pen_ink_purple_pen",
)
_PAD_METADATA = (
    *("age", "gender", "region", "fitspatrick", "diameter_1", "diameter_2"),
    *("smoke", "drink", "background_father", "background_mother", "pesticide"),
    *("skin_cancer_history", "cancer_history", "has_piped_water", "has_sewage_system"),
    *("itch", "grew", "hurt", "changed", "bleed", "elevation"),
)

KNOWN_TABLES = (
    KnownTable(
        name="HAM10000",  # Tschandl et al. 2018; `dataset` only in the Dataverse edition
        signatures=(frozenset({"lesion_id", "image_id", "dx"}),),
        images=("image_id",),
        metadata=("age", "sex", "localization"),
        numbers=("age",),
        roles={"lesion": "lesion_id", "source": "dataset"},
    ),
    KnownTable(
        name="ISIC-DICM-17K",  # Ahammed et al. 2025; `year` is the challenge an image comes from
        signatures=(frozenset({"image", "isic_id", "class", "benign_malignant"}),),
        images=("image", "isic_id"),
        metadata=_ISIC_METADATA,
        numbers=_ISIC_NUMBERS,
        roles={"patient": "patient_id", "lesion": "lesion_id", "source": "year"},
    ),
    KnownTable(
        name="MILK10k",  # the ISIC challenge of 2025; two photographs of each lesion, and concept scores of each
        signatures=(frozenset({"lesion_id", "isic_id", "image_type", "skin_tone_class"}),),
        images=("isic_id",),
        metadata=("age_approx", "sex", "skin_tone_class", "site", *_MONET),
        numbers=("age_approx", "skin_tone_class", *_MONET),
        roles={"patient": "patient_id", "lesion": "lesion_id"},
        pairs="lesion_id",
        kind="image_type",
    ),
    KnownTable(
        name="ISIC 2020",
        signatures=(frozenset({"image_name", "anatom_site_general_challenge"}),),
        images=("image_name",),
        metadata=("age_approx", "sex", "anatom_site_general_challenge"),
        numbers=("age_approx",),
        roles={"patient": "patient_id", "lesion": "lesion_id"},
    ),
    KnownTable(
        name="PAD-UFES-20",  # Pacheco et al. 2020
        signatures=(frozenset({"img_id", "fitspatrick"}), frozenset({"img_id", "diagnostic"})),
        images=("img_id",),
        metadata=_PAD_METADATA,
        numbers=("age", "diameter_1", "diameter_2"),
        roles={"patient": "patient_id", "lesion": "lesion_id"},
    ),
    KnownTable(
        name="ISIC archive (isic-cli)",
        signatures=(frozenset({"isic_id", "attribution"}), frozenset({"isic_id", "copyright_license"})),
        images=("isic_id",),
        metadata=_ISIC_METADATA,
        numbers=_ISIC_NUMBERS,
        roles={"patient": "patient_id", "lesion": "lesion_id", "source": "attribution"},
        groups=("rcm_case_id",),
    ),
    KnownTable(
        name="ISIC 2019",
        signatures=(
            frozenset({"image", "age_approx", "anatom_site_general"}),
            frozenset({"image", *ISIC_2019[:8]}),
        ),
        images=("image",),
        metadata=("age_approx", "sex", "anatom_site_general"),
        numbers=("age_approx",),
        roles={"lesion": "lesion_id"},
    ),
)


def known_table(table: pd.DataFrame) -> KnownTable | None:
    """Return the known table that has these columns, the first in the catalogue, or ``None``."""
    columns = set(table.columns)
    for known in KNOWN_TABLES:
        if any(signature <= columns for signature in known.signatures):
            return known
    return None


def why_ignored_by_name(column: str) -> str | None:
    """Return why a column of this name is not metadata, or None."""
    name = normal_name(column)
    if re.fullmatch(DIAGNOSIS_NAMES, name) and not means_age(column):
        return "its name says that it is known only with the diagnosis"
    if re.fullmatch(PHOTOGRAPH_NAMES, name):
        return "about the photograph, not the patient"
    return None
