"""Signing a bundle, and checking who signed it, with OpenSSF's model-signing.

The digests in a bundle show that a file was damaged. They do not show that somebody meant to change it: whoever changes
a file can make its digest anew. A signature by a private key does, as long as the public key came by another way.
"""

from pathlib import Path
from typing import Any

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.files import atomic_write

SIGNATURE = "model.sig"
"""Lies in the bundle and is over all its files; the one file that is not in the list of digests."""


def sign(bundle: Path, private_key: Path) -> Path:
    """Sign every file of a bundle; the signature lies among them.

    Parameters
    ----------
    private_key : Path
        PEM file with a private key on the elliptic curve P-256, P-384 or P-521, without a password.

    Returns
    -------
    Path
        Of the signature.

    Raises
    ------
    ConfigError
        If model-signing is not installed, or the key cannot be used.
    StorageError
        If the signature cannot be written.
    """
    signing, hashing = _library("signing"), _library("hashing")
    config = signing.Config()
    _use_key(config.use_elliptic_key_signer, "private", private_key)
    bundle = bundle.absolute()  # model-signing joins ignored paths to it
    path = bundle / SIGNATURE
    with atomic_write(path) as temporary:
        ignored = [path, temporary]
        hashes = hashing.Config().set_ignored_paths(paths=ignored, ignore_git_paths=False)
        config.set_hashing_config(hashes).sign(bundle, temporary)
    return path


def check_key(private_key: Path) -> None:
    """Raise a `ConfigError` unless a bundle can be signed with a key; before anything is computed."""
    _use_key(_library("signing").Config().use_elliptic_key_signer, "private", private_key)


def verify_signature(bundle: Path, public_key: Path) -> None:
    """Check that the owner of a key signed exactly the files of a bundle.

    Parameters
    ----------
    public_key : Path
        PEM file.

    Raises
    ------
    ConfigError
        If model-signing is not installed, or the key cannot be used.
    IntegrityError
        If the bundle is not signed, was signed with another key, or a file was changed, added or removed.
    """
    verifying, hashing = _library("verifying"), _library("hashing")
    config = verifying.Config()
    _use_key(config.use_elliptic_key_verifier, "public", public_key)
    from cryptography.exceptions import InvalidSignature

    path = bundle.absolute() / SIGNATURE
    if not path.is_file() or path.is_symlink():
        message = f"{bundle}: expected a bundle signed with `automl-skin export --sign KEY`, got one that is not signed"
        raise IntegrityError(f"{message}; ask whoever sent it for a signed one, or leave out --verify")
    # what is ignored is said here, not by the signature
    hashes = hashing.Config().set_ignored_paths(paths=[path], ignore_git_paths=False)
    try:
        config.set_hashing_config(hashes).verify(path.parent, path)
    except (
        ArithmeticError,
        AttributeError,
        InvalidSignature,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        message = (
            f"{bundle}: expected the files that the owner of {public_key} signed and a whole {SIGNATURE}, got others "
            f"({_reason(error)}); do not use this bundle"
        )
        raise IntegrityError(message) from error


def _use_key(use: Any, kind: str, path: Path) -> None:
    try:
        use(**{f"{kind}_key": path})
    except (OSError, TypeError, ValueError, AttributeError) as error:
        message = f"{path}: expected a PEM file with a {kind} key on the curve P-256, P-384 or P-521"
        raise ConfigError(f"{message}, without a password ({_reason(error)})") from error


def _library(name: str) -> Any:
    try:
        import model_signing.hashing
        import model_signing.signing
        import model_signing.verifying
    except ImportError as error:
        message = "signatures need the package model-signing: pip install 'automl-skin[sign]'"
        raise ConfigError(message) from error
    return getattr(model_signing, name)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    # which file it is, without the digests that the library adds as bytes
    return f"{lines[0].partition(': Expected')[0]:.300}" if lines else type(error).__name__
