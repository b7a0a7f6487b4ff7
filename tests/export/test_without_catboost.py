"""A bundle with CatBoost's trees where CatBoost is not installed."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd

from automl_skin.export.predictor import CaseImage, Predictor

PROGRAM = """
import sys
sys.modules["catboost"] = None  # importing it fails
import json
from pathlib import Path
import pandas as pd
from automl_skin.export.predictor import CaseImage, Predictor
predictor = Predictor.load(Path({bundle!r}), "cpu")
fields = pd.DataFrame({{"age": [50.0], "sex": ["male"]}}, index=["a"])
image = CaseImage("a", "image", "a", open({image!r}, "rb").read())
print(json.dumps(predictor.predict(fields, [image]).probabilities.tolist()))
"""


def test_it_answers_as_with_it(every_bundle, hostile, tmp_path):
    configs = [path.read_text() for path in every_bundle.rglob("chain.json")]
    assert any('"catboost"' in config for config in configs)
    (tmp_path / "image.png").write_bytes(hostile.photograph())
    program = PROGRAM.format(bundle=str(every_bundle), image=str(tmp_path / "image.png"))
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    fields = pd.DataFrame({"age": [50.0], "sex": ["male"]}, index=["a"])
    image = CaseImage("a", "image", "a", hostile.photograph())
    here = Predictor.load(every_bundle, "cpu").predict(fields, [image]).probabilities
    assert np.abs(np.array(json.loads(answer.stdout)) - here).max() < 1e-9
