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
    "MILK10k": (
        "lesion_id,image_type,isic_id,attribution,copyright_license,image_manipulation,age_approx,sex,skin_tone_class,"
        "site,MONET_ulceration_crust,MONET_hair,MONET_vasculature_vessels,MONET_erythema,MONET_pigmented,"
        "MONET_gel_water_drop_fluid_dermoscopy_liquid,MONET_skin_markings_pen_ink_purple_pen"
    ),
    "derm7pt": (
        "case_num,diagnosis,seven_point_score,pigment_network,streaks,pigmentation,regression_structures,"
        "dots_and_globules,blue_whitish_veil,vascular_structures,level_of_diagnostic_difficulty,elevation,location,sex,"
        "management,clinic,derm,case_id,notes"
    ),
    "MRA-MIDAS": (
        "_unnamed_var,midas_record_id,midas_file_name,midas_iscontrol,midas_distance,midas_location,midas_path,"
        "midas_pathreport,midas_gender,midas_age,midas_fitzpatrick,midas_melanoma,midas_ethnicity,midas_race,"
        "clinical_impression_1,clinical_impression_2,clinical_impression_3,length__mm_,width__mm_"
    ),
    "SCIN": (
        "case_id,source,release,year,age_group,sex_at_birth,fitzpatrick_skin_type,textures_flat,body_parts_arm,"
        "condition_symptoms_itching,other_symptoms_fever,related_category,condition_duration,image_1_path,image_2_path,"
        "image_3_path,image_1_shot_type,image_2_shot_type,image_3_shot_type,weighted_skin_condition_label,"
        "dermatologist_skin_condition_on_label_name"
    ),
    "BCN20000": "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split",
    "DDI": "DDI_ID,DDI_file,skin_tone,malignant,disease",
    "Fitzpatrick17k": (
        "md5hash,fitzpatrick_scale,fitzpatrick_centaur,label,nine_partition_label,three_partition_label,qc,url,"
        "url_alphanum"
    ),
    "ISIC 2024": (
        "isic_id,target,patient_id,age_approx,sex,anatom_site_general,clin_size_long_diam_mm,image_type,tbp_tile_type,"
        "tbp_lv_A,tbp_lv_areaMM2,tbp_lv_location,tbp_lv_x,attribution,copyright_license,lesion_id,iddx_full,iddx_1,"
        "mel_mitotic_index,mel_thick_mm,tbp_lv_dnn_lesion_confidence"
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
    places = {*known.images, *known.roles.values(), *known.photographs, *known.photographs.values(), *IDS}
    for column in set(columns) - places:
        kept_away = column in known.ignored or why_ignored_by_name(column) is not None
        assert (column in known.metadata) != kept_away, column


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
