import pandas as pd
import pytest

from automl_skin.data.headers import normal_name
from automl_skin.data.sources import (
    KNOWN_TABLES,
    known_table,
    why_ignored_by_name,
)

HEADERS = {
    "HAM10000": "lesion_id,image_id,dx,dx_type,age,sex,localization",
    "ISIC-DICM-17K": (
        "image,isic_id,year,class,patient_id,lesion_id,sex,age_approx,anatom_site_general,benign_malignant,"
        "dermoscopic_type,diagnosis,diagnosis_confirm_type,image_type,mel_class,mel_mitotic_index,mel_type,mel_ulcer,"
        "melanocytic,nevus_type,clin_size_long_diam_mm,mel_thick_mm,personal_hx_mm,family_hx_mm"
    ),
    "ISIC 2020": (
        "image_name,patient_id,lesion_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    ),
    "ISIC 2019": "image,age_approx,anatom_site_general,lesion_id,sex,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK",
    "ISIC archive (isic-cli)": (
        "isic_id,attribution,copyright_license,acquisition_day,age_approx,anatom_site_general,anatom_site_special,"
        "clin_size_long_diam_mm,concomitant_biopsy,dermoscopic_type,diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4,"
        "diagnosis_5,diagnosis_confirm_type,family_hx_mm,fitzpatrick_skin_type,image_manipulation,image_type,lesion_id,"
        "mel_mitotic_index,mel_thick_mm,mel_ulcer,melanocytic,nevus_type,patient_id,personal_hx_mm,pixels_x,pixels_y,"
        "rcm_case_id,sex,tbp_tile_type"
    ),
    "PAD-UFES-20": (
        "patient_id,lesion_id,smoke,drink,background_father,background_mother,age,pesticide,gender,"
        "skin_cancer_history,cancer_history,has_piped_water,has_sewage_system,fitspatrick,region,diameter_1,diameter_2,"
        "diagnostic,itch,grew,hurt,changed,bleed,elevation,img_id,biopsed"
    ),
}
IDS = {"patient_id", "lesion_id", "year", "attribution", "rcm_case_id", "pixels_x", "pixels_y"}


@pytest.mark.parametrize("name", HEADERS)
def test_tables_are_recognised_by_their_published_headers(name):
    known = known_table(pd.DataFrame(columns=HEADERS[name].split(",")))
    assert known is not None
    assert known.name == name


@pytest.mark.parametrize("name", HEADERS)
def test_each_published_column_has_a_place(name):
    columns = HEADERS[name].split(",")
    known = known_table(pd.DataFrame(columns=columns))
    for column in set(columns) - IDS - set(known.images):
        listed = column in known.metadata
        assert listed != (why_ignored_by_name(column) is not None), column


def test_every_known_table_has_a_header_here():
    assert {known.name for known in KNOWN_TABLES} == set(HEADERS)
    assert known_table(pd.DataFrame(columns=["image", "age"])) is None


def test_numbers_are_part_of_the_metadata():
    for known in KNOWN_TABLES:
        assert set(known.numbers) <= set(known.metadata)


@pytest.mark.parametrize(
    "column", ["age", "sex", "localization", "site", "smoke", "skin_cancer_history", "classmate"]
)
def test_clinical_names_are_not_ignored(column):
    assert why_ignored_by_name(column) is None


@pytest.mark.parametrize(
    "column",
    [
        "Diagnose",
        "diagnóstico",
        "diagnosi",
        "Befund",
        "Hautbefund",
        "Histologie",
        "referto",
        "laudo",
        "Dignität",
        "bösartig",
    ],
)
def test_diagnoses_in_other_languages_are_ignored(column):
    assert why_ignored_by_name(column) is not None


@pytest.mark.parametrize(
    "column", ["history", "family_history", "age_at_diagnosis", "antecedentes_patologicos"]
)
def test_names_that_only_look_like_a_diagnosis(column):
    assert why_ignored_by_name(column) is None


def test_normal_name():
    assert normal_name("Image ID") == "image_id"
