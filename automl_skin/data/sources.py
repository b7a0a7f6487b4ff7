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
    r"|dermatologist_.*|weighted_skin_condition_label"
    r"|mel|nv|bcc|ak|akiec|ben_oth|bkl|df|inf|mal_oth|vasc|scc|sccka|unk"
)
"""Names of columns that are known only with, or because of, the diagnosis: never metadata unasked."""

PHOTOGRAPH_NAMES = (
    r"attribution|copyright_license|image_type|image_manipulation|dermoscopic_type|tbp_tile_type"
    r"|acquisition_day|pixels_[xy]|rcm_case_id"
)
"""Names of columns about the photograph and its collection, not about the patient."""


WITH_DIAGNOSIS = "known only with the diagnosis"
OF_PHOTOGRAPH = "about the photograph, not the patient"
PUBLISHED_SPLIT = "the published split; give --split with its name to use it"
OF_COLLECTION = "about the collection, not the patient"

IMAGE, KIND = "image", "image_role"
"""Columns of a table that has one row per photograph, where it was published with one column per photograph."""


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
    ignored : mapping of str to str
        Columns that are never metadata, and why; besides those whose names say so.
    photographs : mapping of str to str
        Columns of photographs, where each row has several -> what each shows, or the column that says it.
    missing : tuple of str
        Cells that stand for a missing value, besides the usual words.
    boxes : str
        Names of columns, as a regular expression, in which an empty cell is a box that was not ticked.
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
    ignored: Mapping[str, str] = field(default_factory=dict)
    photographs: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    boxes: str = ""


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
_SLICE_NUMBERS = (
    *(
        "clin_size_long_diam_mm",
        "tbp_lv_A",
        "tbp_lv_Aext",
        "tbp_lv_B",
        "tbp_lv_Bext",
        "tbp_lv_C",
        "tbp_lv_Cext",
    ),
    *("tbp_lv_H", "tbp_lv_Hext", "tbp_lv_L", "tbp_lv_Lext", "tbp_lv_areaMM2", "tbp_lv_area_perim_ratio"),
    *("tbp_lv_color_std_mean", "tbp_lv_deltaA", "tbp_lv_deltaB", "tbp_lv_deltaL", "tbp_lv_deltaLB"),
    *("tbp_lv_deltaLBnorm", "tbp_lv_eccentricity", "tbp_lv_minorAxisMM", "tbp_lv_nevi_confidence"),
    *("tbp_lv_norm_border", "tbp_lv_norm_color", "tbp_lv_perimeterMM", "tbp_lv_radial_color_std_max"),
    *("tbp_lv_stdL", "tbp_lv_stdLExt", "tbp_lv_symm_2axis", "tbp_lv_symm_2axis_angle"),
    *("tbp_lv_x", "tbp_lv_y", "tbp_lv_z"),
)
_MIDAS_SIZES = ("length_(mm)", "width_(mm)", "length__mm_", "width__mm_")
_SEVEN_POINTS = (
    *("seven_point_score", "pigment_network", "streaks", "pigmentation", "regression_structures"),
    *("dots_and_globules", "blue_whitish_veil", "vascular_structures"),
)
_SCIN_BOXES = (
    *("textures_raised_or_bumpy", "textures_flat", "textures_rough_or_flaky", "textures_fluid_filled"),
    *("body_parts_head_or_neck", "body_parts_arm", "body_parts_palm", "body_parts_back_of_hand"),
    *(
        "body_parts_torso_front",
        "body_parts_torso_back",
        "body_parts_genitalia_or_groin",
        "body_parts_buttocks",
    ),
    *("body_parts_leg", "body_parts_foot_top_or_side", "body_parts_foot_sole", "body_parts_other"),
    *("condition_symptoms_bothersome_appearance", "condition_symptoms_bleeding"),
    *("condition_symptoms_increasing_size", "condition_symptoms_darkening", "condition_symptoms_itching"),
    *("condition_symptoms_burning", "condition_symptoms_pain", "condition_symptoms_no_relevant_experience"),
    *("other_symptoms_fever", "other_symptoms_chills", "other_symptoms_fatigue", "other_symptoms_joint_pain"),
    *("other_symptoms_mouth_sores", "other_symptoms_shortness_of_breath"),
    "other_symptoms_no_relevant_symptoms",
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
        name="MRA-MIDAS",  # Chiou et al. 2024; a record is a person, of whom several lesions may be photographed
        signatures=(frozenset({"midas_record_id", "midas_file_name", "midas_distance"}),),
        images=("midas_file_name",),
        metadata=(
            *(
                "midas_age",
                "midas_gender",
                "midas_location",
                "midas_fitzpatrick",
                "midas_ethnicity",
                "midas_race",
            ),
            *_MIDAS_SIZES,
        ),
        numbers=("midas_age", *_MIDAS_SIZES),
        roles={"patient": "midas_record_id"},
        pairs="midas_record_id",
        kind="midas_distance",
        ignored={
            **dict.fromkeys(("midas_path", "midas_pathreport", "midas_melanoma"), WITH_DIAGNOSIS),
            **dict.fromkeys(
                [f"clinical_impression_{number}" for number in (1, 2, 3)], "a reader's diagnosis"
            ),
            "midas_iscontrol": "says which lesions were not biopsied, which gives the diagnosis away",
            "midas_distance": OF_PHOTOGRAPH,
            "_unnamed_var": OF_COLLECTION,
        },
    ),
    KnownTable(
        name="derm7pt",  # Kawahara et al. 2018; a close-up and a dermoscopic photograph per row
        signatures=(frozenset({"case_num", "diagnosis", "seven_point_score"}),),
        images=(IMAGE,),
        metadata=("elevation", "location", "sex"),
        numbers=(),
        roles={"case": "case_num", "image_role": KIND},
        photographs={"clinic": "clinical", "derm": "dermoscopic"},
        ignored={
            **dict.fromkeys(
                _SEVEN_POINTS, "a reader's score of the dermoscopic photograph (--metadata to use it)"
            ),
            **dict.fromkeys(("level_of_diagnostic_difficulty", "management", "notes"), WITH_DIAGNOSIS),
            "case_id": OF_COLLECTION,
        },
    ),
    KnownTable(
        name="SCIN",  # Ward et al. 2024; up to three photographs per row
        signatures=(frozenset({"case_id", "age_group", "sex_at_birth", "condition_duration"}),),
        images=(IMAGE,),
        metadata=(
            *("age_group", "sex_at_birth", "fitzpatrick_skin_type", "related_category", "condition_duration"),
            *_SCIN_BOXES,
        ),
        numbers=(),
        roles={"case": "case_id", "image_role": KIND, "source": "source"},
        photographs={f"image_{number}_path": f"image_{number}_shot_type" for number in (1, 2, 3)},
        missing=("AGE_UNKNOWN", "NONE_SELECTED", "OTHER_OR_UNSPECIFIED", "UNKNOWN"),
        boxes=r"(textures|body_parts|condition_symptoms|other_symptoms|race_ethnicity)_.*",
        ignored={"release": OF_COLLECTION, "year": OF_COLLECTION},
    ),
    KnownTable(
        name="BCN20000",  # Hernandez-Perez et al. 2024
        signatures=(frozenset({"bcn_filename", "lesion_id"}),),
        images=("bcn_filename", "isic_id"),
        metadata=("age_approx", "sex", "anatom_site_general"),
        numbers=("age_approx",),
        roles={"patient": "patient_id", "lesion": "lesion_id"},
        ignored={"split": PUBLISHED_SPLIT, "capture_date": OF_PHOTOGRAPH},
    ),
    KnownTable(
        name="DDI",  # Daneshjou et al. 2022; skin_tone holds groups of two Fitzpatrick types: 12, 34, 56
        signatures=(frozenset({"DDI_file", "skin_tone"}),),
        images=("DDI_file",),
        metadata=("skin_tone",),
        numbers=(),
        ignored={"disease": WITH_DIAGNOSIS, "DDI_ID": OF_COLLECTION},
    ),
    KnownTable(
        name="Fitzpatrick17k",  # Groh et al. 2021; the address of a photograph names its disease
        signatures=(frozenset({"md5hash", "fitzpatrick_scale"}),),
        images=("md5hash",),
        metadata=("fitzpatrick_scale", "fitzpatrick_centaur"),
        numbers=("fitzpatrick_scale", "fitzpatrick_centaur"),
        missing=("-1",),
        ignored=dict.fromkeys(
            ("label", "nine_partition_label", "three_partition_label", "qc", "url", "url_alphanum"),
            WITH_DIAGNOSIS,
        ),
    ),
    KnownTable(
        name="ISIC 2024",  # SLICE-3D, Kurtansky et al. 2024; lesion_id was given to followed lesions alone
        signatures=(frozenset({"isic_id", "tbp_lv_areaMM2"}),),
        images=("isic_id",),
        metadata=(
            *("age_approx", "sex", "anatom_site_general", "tbp_lv_location", "tbp_lv_location_simple"),
            *_SLICE_NUMBERS,
        ),
        numbers=("age_approx", *_SLICE_NUMBERS),
        roles={"patient": "patient_id", "lesion": "lesion_id", "source": "attribution"},
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
        return OF_PHOTOGRAPH
    return None
