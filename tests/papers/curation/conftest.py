import pandas as pd
import pytest

from automl_skin.papers.curation.curate import Uncurated, row_index


@pytest.fixture
def isic():
    """Make a table as the archive gives it, `n` rows of which every third is melanoma."""

    def make(n=12, name="isic.csv", first=1, **columns):
        numbers = range(first, first + n)
        table = pd.DataFrame(
            {
                "isic_id": [f"ISIC_{number:07d}" for number in numbers],
                "benign_malignant": ["malignant" if number % 3 == 0 else "benign" for number in numbers],
                "sex": ["male", "female", "male"] * (n // 3),
                "age_approx": [20.0 + 5 * (number % 9) for number in numbers],
                "anatom_site_general": ["anterior torso", "head/neck", "lateral torso"] * (n // 3),
            },
            index=row_index(name, n),
        )
        return table.assign(**columns)

    return make


@pytest.fixture
def as_given():
    def make(table, **further):
        return Uncurated(table, table["isic_id"].astype("str"), **further)

    return make
