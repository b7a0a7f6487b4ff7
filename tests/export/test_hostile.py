"""Bundles whose content was changed and whose digests were made anew: refused, or they answer; never the end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from automl_skin.errors import IntegrityError
from automl_skin.export.predictor import Predictor

PROGRAM = Path(__file__).with_name("hostile.py")


@pytest.fixture
def copy(every_bundle, tmp_path):
    return shutil.copytree(every_bundle, tmp_path / "bundle")


@pytest.fixture
def refuses(copy, hostile):
    """Make the digests anew, and expect that the bundle is refused."""

    def check(message):
        hostile.renew_digests(copy)
        with pytest.raises(IntegrityError, match=message):
            Predictor.load(copy, "cpu")

    return check


def edit(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def run_program(every_bundle, scratch, seed, count):
    ended = subprocess.run(
        [sys.executable, PROGRAM, every_bundle, scratch, str(seed), str(count)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    last = "\n".join(ended.stdout.splitlines()[-2:])
    assert ended.returncode == 0, f"exit code {ended.returncode} at {last}\n{ended.stderr[-3000:]}"
    assert "'refused'" in last
    assert "'answers'" in last


def test_the_bundle_as_it_was_written_answers(every_bundle, hostile):
    assert hostile.outcome(every_bundle) == "answers"


def test_mutants_do_not_end_the_process(every_bundle, tmp_path):
    run_program(every_bundle, tmp_path, 0, 20)


@pytest.mark.slow
def test_many_mutants_do_not_end_the_process(every_bundle, tmp_path):
    run_program(every_bundle, tmp_path, 10_000, 300)


@pytest.mark.slow
def test_any_file_may_be_missing(copy, refuses):
    for path in sorted(copy.rglob("*")):
        if path.suffix in {".json", ".safetensors"} and path.name != "input_example.json":
            content = path.read_bytes()
            path.unlink()
            refuses(r".")
            path.write_bytes(content)


@pytest.mark.parametrize("name", ["bundle.json", "chains/0000-0/chain.json", "chains", "model.sig"])
def test_links_are_refused(copy, refuses, name):
    (copy / name).touch()
    aside = shutil.move(copy / name, copy.parent / "aside")
    (copy / name).symlink_to(aside)
    refuses("expected files and no links")


def test_pipe_is_refused_and_not_waited_for(copy, hostile):
    hostile.renew_digests(copy)
    os.mkfifo(copy / "pipe")
    with pytest.raises(IntegrityError, match="got pipe; remove it"):
        Predictor.load(copy, "cpu")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("classes", ["one"], "two classes or more"),
        ("priors", [0.5], "a share of 0 or more per class"),
        ("kinds", {"age": "text"}, "numbers and categories"),
        ("crossing_share", "none", "crossing_share: input should be a valid number"),
        ("measured", 1, "measured: input should be a valid boolean"),
        ("roles", {"image": None}, "roles.image: input should be a valid string"),
        ("image_roles", [], "different kinds of photograph"),
        ("seen", {}, "what was seen of each field"),
        ("seen", {"age": {"kind": "number", "low": "1"}}, "seen.age.low.* input should be a valid number"),
        ("seen", {"age": {"kind": "text"}}, "seen.age.kind: input should be"),
    ],
)
def test_facts_that_are_none_are_named(copy, refuses, field, value, message):
    edit(copy / "bundle.json", lambda facts: facts.update({field: value}))
    refuses(message)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("backbone", "../backbones/net", "names of folders of networks"),
        ("backbone", "/etc", "names of folders of networks"),
        ("views", 10**9, "1, 4 or 8 views"),
        ("precision", "float64", "precision: input should be"),
        ("weights", "0" * 64, "expected the weights that were measured"),
    ],
)
def test_embeddings_that_cannot_be_are_named(copy, refuses, field, value, message):
    edit(copy / "bundle.json", lambda facts: facts["embeddings"][0].update({field: value}))
    refuses(message)


def test_image_too_large_for_memory_is_refused(copy, refuses):
    edit(copy / "bundle.json", lambda facts: facts["embeddings"][0]["recipe"].update({"height": 10**6}))
    refuses("images of 1 to 2048 pixels")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("architecture", "vit_giant_patch14_224", "unexpected keyword|expected .* as "),
        ("architecture", "resnet18", "expected .* as .*bring the folder again"),
        ("architecture", "no_such_network", "expected an architecture of timm"),
        ("model_args", {"channels": [10**9] * 4}, "arguments up to 4096, got 1000000000"),
        ("model_args", {"checkpoint_path": "/etc/passwd"}, "in model_args, got checkpoint_path"),
        (
            "pretrained_cfg",
            {"url": "https://example.org/a.bin"},
            "expected nothing else of the weights, got 'url'",
        ),
        ("pretrained_cfg", {"file": "/etc/passwd"}, "expected nothing else of the weights, got 'file'"),
    ],
)
def test_networks_that_cannot_be_are_refused_before_they_are_built(copy, refuses, field, value, message):
    edit(copy / "backbones" / "net" / "config.json", lambda config: config.update({field: value}))
    refuses(message)


def test_nothing_of_a_pickle_beside_the_weights_is_read(copy, refuses):
    folder = copy / "backbones" / "net"
    (folder / "pytorch_model.bin").write_bytes((folder / "model.safetensors").read_bytes())
    (folder / "model.safetensors").unlink()
    refuses("model.safetensors is missing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda stack: stack["blends"].pop(), "expected a calibrator per blend"),
        (lambda stack: stack["blends"][0]["members"].append(0), "expected members with a weight each"),
        (lambda stack: stack["blends"][0].update({"rule": "vote"}), r"blends\.0\.rule: input should be"),
        (lambda stack: stack["blends"][0]["weights"].__setitem__(0, "1"), r"weights\.0: input should be"),
        (lambda stack: stack["calibrators"][0].update({"slopes": []}), "."),
        (
            lambda stack: stack.update({"of_mean": {"slopes": [], "intercepts": []}}),
            "expected 1 maps of the mean",
        ),
        (lambda stack: stack["blends"][2].update({"coefficients": [[1.0]]}), "and their coefficients"),
    ],
)
def test_blends_that_do_not_fit_are_named(copy, refuses, change, message):
    edit(copy / "stack.json", change)
    refuses(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda chain: chain.update({"n_classes": 10**12}), "expected 2 classes"),
        (lambda chain: chain.update({"class_of": [0, 5]}), "expected classes of the target"),
        (lambda chain: chain["calibrator"].update({"slopes": [1.0, 1.0]}), "expected 1 slopes"),
        (lambda chain: chain["encoder"]["fields"].pop(), "expected .* columns and of the image"),
        (
            lambda chain: chain["encoder"]["fields"][0].update({"scale": 0.0}),
            "expected what was fitted on 'age'",
        ),
        (
            lambda chain: chain["config"]["branches"][0].update({"family": "pickle"}),
            "unknown family 'pickle'",
        ),
        (lambda chain: chain["config"].update({"fusion": "image"}), "expected the parts of the fusion image"),
    ],
)
def test_chains_that_do_not_fit_are_named(copy, refuses, change, message):
    edit(copy / "chains" / "0004-0" / "chain.json", change)
    refuses(message)


def test_references_of_other_classes_are_named(copy, refuses):
    arrays = load_file(copy / "references.safetensors")
    name = min(arrays)
    save_file({**arrays, name: np.ascontiguousarray(arrays[name][:, :1])}, copy / "references.safetensors")
    refuses("expected .* as 'reference'")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("looks", np.zeros((2, 192), np.int8), "expected .*192.* as 'looks'"),
        ("looks", np.zeros((3, 192), np.float32), "expected .*int8.* as 'looks'"),
        ("contents", np.zeros((3, 5), np.uint8), "expected .*16.* as 'contents'"),
        ("contents", np.zeros((), np.uint8), "as 'contents'"),
        ("names", np.zeros(3, np.uint8), "as 'names'"),
    ],
)
def test_photographs_that_are_none_are_named(copy, refuses, name, array, message):
    path = copy / "photographs.safetensors"
    save_file({**load_file(path), name: array}, path)
    refuses(message)
