from automl_skin.data.roles import Roles


def test_group_columns_are_patient_lesion_and_the_further_ones():
    assert Roles(image="i").group_columns == ()
    roles = Roles(image="i", patient="p", lesion="l", source="s", groups=("family",))
    assert roles.group_columns == ("p", "l", "family")
