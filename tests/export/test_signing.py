import shutil
import sys

import pytest

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.export.bundle import SUMS, verify
from automl_skin.export.predictor import Predictor
from automl_skin.export.signing import SIGNATURE, check_key, sign, verify_signature

serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
pytest.importorskip("model_signing")


def make_keys(folder, name, curve=None):
    """Write a private and a public key; return their paths."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private, public = folder / f"{name}.priv", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path, "mine")


@pytest.fixture
def signed(every_bundle, keys, tmp_path):
    folder = shutil.copytree(every_bundle, tmp_path / "bundle")
    sign(folder, keys[0])
    return folder


def test_signed_bundle_loads_wherever_it_is_moved(signed, keys, monkeypatch):
    moved = signed.rename(signed.with_name("renamed"))
    Predictor.load(moved, "cpu", keys[1])
    monkeypatch.chdir(moved.parent)
    verify_signature(moved.relative_to(moved.parent), keys[1])


def test_signature_does_not_break_the_digests(signed):
    verify(signed)
    assert SIGNATURE not in (signed / SUMS).read_text()


def test_file_changed_with_a_new_digest_is_refused(signed, keys, hostile):
    card = signed / "MODEL_CARD.md"
    card.write_text(card.read_text() + "Approved for everything.")
    hostile.renew_digests(signed)
    verify(signed)
    with pytest.raises(
        IntegrityError,
        match=r"expected the files that the owner of .* signed and a whole model.sig, got others",
    ):
        Predictor.load(signed, "cpu", keys[1])


@pytest.mark.parametrize("name", ["more.json", ".gitignore", ".git/config"])
def test_added_file_is_refused(signed, keys, hostile, name):
    (signed / name).parent.mkdir(exist_ok=True)
    (signed / name).write_text("{}")
    hostile.renew_digests(signed)
    with pytest.raises(IntegrityError, match="got others"):
        verify_signature(signed, keys[1])


def test_removed_file_is_refused(signed, keys, hostile):
    (signed / "input_example.json").unlink()
    hostile.renew_digests(signed)
    with pytest.raises(IntegrityError, match="got others"):
        verify_signature(signed, keys[1])


def test_signature_of_somebody_else_is_refused(signed, tmp_path):
    stranger = make_keys(tmp_path, "stranger")
    with pytest.raises(IntegrityError, match="do not use this bundle"):
        verify_signature(signed, stranger[1])
    sign(signed, stranger[0])
    with pytest.raises(IntegrityError, match="do not use this bundle"):
        verify_signature(signed, tmp_path / "mine.pub")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b"[" * 100_000])
def test_damaged_signature_is_refused(signed, keys, content):
    (signed / SIGNATURE).write_bytes(content)
    with pytest.raises(IntegrityError, match="got others"):
        verify_signature(signed, keys[1])


def test_unsigned_bundle_is_refused(every_bundle, keys):
    with pytest.raises(IntegrityError, match="got one that is not signed"):
        Predictor.load(every_bundle, "cpu", keys[1])


def test_keys_that_cannot_be_used_are_named_before_anything_is_done(keys, tmp_path):
    for wrong in (keys[1], tmp_path / "missing", make_keys(tmp_path, "odd", ec.SECP256K1())[0]):
        with pytest.raises(ConfigError, match="expected a PEM file with a private key"):
            check_key(wrong)


def test_public_key_that_cannot_be_used_is_named(signed, keys):
    with pytest.raises(ConfigError, match="expected a PEM file with a public key"):
        verify_signature(signed, keys[0])


def test_missing_package_is_named(signed, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    monkeypatch.delitem(sys.modules, "model_signing", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'automl-skin\[sign\]'"):
        verify_signature(signed, keys[1])
