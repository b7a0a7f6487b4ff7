import json
from dataclasses import replace

import numpy as np
import pandas as pd

from automl_skin.backbones.catalogue import resolve_backbone
from automl_skin.features.encoder import EncoderConfig, fit_encoder
from automl_skin.features.entering import entering_rows
from automl_skin.records import to_plain

METADATA = pd.DataFrame({"age": [30.0, 50.0, None], "sex": ["f", "m", "f"]}, index=["a", "b", "c"])
BACKBONE = resolve_backbone("resnet10t.random")


def test_every_image_has_the_row_of_its_case():
    encoder = fit_encoder(EncoderConfig(), METADATA, {"age": "number", "sex": "category"})
    spatial = json.dumps({"encoder": to_plain(encoder)})
    rows = entering_rows(replace(BACKBONE, spatial=spatial), METADATA, ["c", "a", "c"])
    np.testing.assert_array_equal(rows, encoder.transform(METADATA)[[2, 0, 2]])


def test_a_network_of_images_alone_is_given_none():
    assert entering_rows(BACKBONE, METADATA, ["a"]) is None
