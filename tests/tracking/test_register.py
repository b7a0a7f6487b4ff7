import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pytest
import small_bundle
from mlflow import MlflowClient
from mlflow.models.utils import _enforce_schema

from automl_skin.export.predictor import CaseImage, Predictor
from automl_skin.tracking.register import model_name, register_bundle, signature_of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return small_bundle.make_bundle(tmp_path_factory.mktemp("bundle") / "moles-bundle")


@pytest.fixture
def parent(uri, study):
    tracker = study.tracker(uri)
    tracker.open([])
    return tracker.session.parent


def test_a_bundle_becomes_one_version_and_one_model(uri, bundle, parent):
    assert register_bundle(bundle, "moles", uri, parent) == "1"
    assert register_bundle(bundle, "moles", uri, parent) == "1"  # the same bundle again
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    (version,) = client.search_model_versions("name = 'moles'")
    assert version.run_id == parent
    assert version.description == "# Moles"
    folder = Path(version.source)
    description = (folder / "MLmodel").read_text()
    assert "loader_module: automl_skin.scoring.pyfunc" in description
    assert "automl-skin==" in (folder / "requirements.txt").read_text()
    assert not list(folder.rglob("*.pkl"))
    outputs = client.get_run(parent).outputs.model_outputs
    assert [output.model_id in version.source for output in outputs] == [True]


def test_metadata_may_be_absent_and_the_image_may_not(bundle):
    signature = signature_of(Predictor.load(bundle, "cpu").facts)
    required = {column.name: column.required for column in signature.inputs}
    assert required == {"image": True, "age": False, "sex": False}


def test_a_word_in_a_field_of_numbers_does_not_fail_the_request(bundle):
    inputs = signature_of(Predictor.load(bundle, "cpu").facts).inputs
    ages = [30, 45.5, "unknown", "45,5", True, None]
    sent = pd.DataFrame({"image": ["eA=="] * len(ages), "age": pd.Series(ages, dtype=object)})
    assert _enforce_schema(sent, inputs)["age"].tolist() == ages


def test_names_that_mlflow_refuses_are_changed():
    assert model_name("a/b:c") == "a-b-c"


@pytest.mark.slow
def test_the_server_answers_the_same_numbers(uri, bundle, parent, tmp_path):
    version = register_bundle(bundle, "moles", uri, parent)
    root = tmp_path / "images"
    root.mkdir()
    photographs = [small_bundle.photograph(seed) for seed in range(20)]
    (root / "first.png").write_bytes(photographs[0])
    (tmp_path / "secret.png").write_bytes(photographs[0])
    rows = [
        {"age": 30 + seed, "sex": "female", "image": small_bundle.base64_of(content)}
        for seed, content in enumerate(photographs)
    ]
    rows += [{"age": 30, "sex": "female", "image": "first.png"}, {"image": "../secret.png"}]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "false",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "AUTOML_SKIN_IMAGE_ROOT": str(root),
    }
    options = ["-m", f"models:/moles/{version}", "--env-manager", "local", "-p", str(port)]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", *options], env=environment, start_new_session=True
    )
    try:
        answers = ask(port, rows)
    finally:
        os.killpg(server.pid, 15)
        server.wait()
    metadata = pd.DataFrame(
        {"age": np.arange(30.0, 50.0), "sex": ["female"] * 20}, index=[str(seed) for seed in range(20)]
    )
    given = [CaseImage(str(seed), "image", str(seed), content) for seed, content in enumerate(photographs)]
    expected = Predictor.load(bundle, "cpu").predict(metadata, given).probabilities[:, 1]
    np.testing.assert_allclose([answer["probability"] for answer in answers[:20]], expected, atol=1e-6)
    assert answers[20]["probability"] == pytest.approx(expected[0], abs=1e-6)
    assert answers[21]["probability"] is None
    assert answers[21]["flags"] == "image_unreadable;no_metadata"
    assert str(tmp_path) not in answers[21]["problem"]


def ask(port, rows):
    """Send rows as soon as the server answers."""
    deadline = time.monotonic() + 120
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
            break
        except (URLError, OSError):
            assert time.monotonic() < deadline
            time.sleep(0.5)
    body = json.dumps({"dataframe_records": rows}).encode()
    request = Request(f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=120) as response:  # noqa: S310 - our own server
        return json.load(response)["predictions"]
