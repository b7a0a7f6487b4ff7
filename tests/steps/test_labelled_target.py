from types import SimpleNamespace

import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.steps.labelled_target import labelled_target

HAM = SimpleNamespace(
    classes=("negative", "positive"),
    positive=("mel", "akiec"),
    levels=("akiec", "bkl", "mel", "nv"),
    is_binary=True,
)
SEVERAL = SimpleNamespace(
    classes=("bkl", "mel", "nv"), positive=(), levels=("bkl", "mel", "nv"), is_binary=False, merged=()
)


def read(values, positive=(), facts=HAM):
    values = pd.Series(values, dtype="str")
    target = labelled_target("dx", values, positive, facts)
    return target.labels(values).tolist(), target.note


@pytest.mark.parametrize(
    ("values", "positive", "labels", "note"),
    [
        (
            ["mel", "nv"],
            (),
            [1, 0],
            "as in the training of the bundle: mel (1), akiec (0); negative: nv (1).",
        ),
        (["nv", "nv"], (), [0, 0], "mel (0), akiec (0); negative: nv (2)."),
        (
            ["mel", "nv"],
            ("mel", "akiec"),
            [1, 0],
            "as given by --positive: mel (1), akiec (0); negative: nv (1).",
        ),
        (["nv", "bkl"], ("mel", "akiec"), [0, 0], "negative: nv (1), bkl (1)."),
        (
            ["1", "0", "0"],
            (),
            [1, 0, 0],
            "recognised by its name (else give --positive): 1 (1); negative: 0 (2).",
        ),
        (["Nein", "ja"], (), [0, 1], "ja (1); negative: Nein (1)."),
        (["0", "0"], ("1",), [0, 0], "1 (0); negative: 0 (2)."),
        (["1", "2"], ("2",), [0, 1], "2 (1); negative: 1 (1)."),
        (["nv", "mel", "scc"], ("mel", "scc"), [0, 1, 1], "mel (1), scc (1)"),
        (["nv", "mel", "wart"], ("mel",), [0, 1, 0], "The training did not hold wart: taken as negative."),
        (["nv", "mel"], ("nv",), [1, 0], "In the training mel, akiec was positive."),
        (["a", "b", "c"], ("a", "z"), [1, 0, 0], "a (1), z (0); negative: b (1), c (1)."),
    ],
)
def test_which_values_are_positive(values, positive, labels, note):
    found, said = read(values, positive)
    assert found == labels
    assert note in said


@pytest.mark.parametrize(
    ("values", "positive", "match"),
    [
        (
            ["1", "2"],
            (),
            r"cannot tell which value is positive; it holds 1 \(1\), 2 \(1\)\. Add --positive 1 or",
        ),
        (["nein", "normal"], (), "cannot tell which value is positive"),
        (
            ["no", "no"],
            (),
            r"it holds no \(2\)\. Add --positive with the value that is, whether it occurs or not",
        ),
        (["a", "b", "c"], (), r"Add --positive with those that are, .*trained with mel, akiec as positive"),
        (["mel", "nv", "wart"], (), r"expected values of the training, got wart \(1\) as well; map these"),
        (["Mel", "nv"], (), r"got Mel \(1\) as well \(another spelling: 'Mel' for 'mel'\)"),
        (["Mel", "nv"], ("mel",), "--positive 'mel': expected a value of .*did you mean 'Mel'"),
        (["Mel", "mel", "nv"], ("mel",), "would leave the other negative"),
        (["Mel", "mel", "nv"], (), "expected one spelling per value"),
        (["mel", "nv"], ("akiecc",), "did you mean 'akiec'"),
        (["0", "1"], ("mel",), "expected at least one of them in column 'dx'"),
        (["mel", "nv"], ("zebra",), "expected at least one of them in column 'dx'"),
        (["mel", "nv"], ("unknown",), "a word for a missing value"),
    ],
)
def test_nothing_is_guessed(values, positive, match):
    with pytest.raises((ConfigError, TableError), match=match):
        read(values, positive)


def test_a_bundle_that_predicts_the_benign_reads_no_other_words():
    turned = SimpleNamespace(
        classes=("malignant", "benign"), positive=("benign",), levels=("benign", "malignant"), is_binary=True
    )
    assert read(["benign", "malignant"], facts=turned)[0] == [1, 0]
    with pytest.raises(ConfigError, match=r"cannot tell which.*trained with benign as positive"):
        read(["0", "1"], facts=turned)


def test_several_classes():
    assert read(["nv", "mel"], facts=SEVERAL) == ([2, 1], "Classes of 'dx': nv (1), mel (1).")
    with pytest.raises(
        ConfigError, match=r"got NV \(1\), wart \(1\) as well \(another spelling: 'NV' for 'nv'\); map"
    ):
        read(["NV", "mel", "wart"], facts=SEVERAL)
    with pytest.raises(ConfigError, match=r"--positive: expected a bundle of two classes, got one of 3"):
        read(["nv", "mel"], ("mel",), SEVERAL)
