"""``automl-skin cache``: what is kept of stage one, and how to let go of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl_skin.cli import options
from automl_skin.cli.settings import workspace_of

if TYPE_CHECKING:
    from automl_skin.embeddings.cache import EmbeddingCache
    from automl_skin.embeddings.kept import Entry
    from automl_skin.embeddings.kept_pixels import KeptPixels
    from automl_skin.embeddings.networks import NetworkStore

Rows = list[tuple[str, ...]]

app = typer.Typer(help="List or prune the cache of embeddings, networks and pixels.", no_args_is_help=True)


@app.command("list")
def list_entries(cache_dir: options.CacheFolder = None) -> None:
    """List what is in the cache."""
    from automl_skin.cli.terminal import Terminal

    terminal = Terminal()
    embeddings, networks, pixels = _stores(cache_dir)
    terminal.table(
        f"Embeddings in {embeddings.folder}",
        ("key", "backbone", "tuned", "views", "precision", "images", "MB", "last used"),
        _embedding_rows(embeddings),
    )
    terminal.table(
        f"Tuned networks in {networks.folder}",
        ("key", "network", "state", "MB", "last used"),
        _network_rows(networks),
    )
    terminal.table(
        f"Pixels in {pixels.folder}",
        ("key", "images", "size", "colour", "MB", "last used"),
        _pixel_rows(pixels),
    )


@app.command("prune")
def prune(
    older_than: Annotated[
        float | None, typer.Option("--older-than", help="Days since an entry was last used.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Beginning of an entry's key.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole cache.")] = False,
    cache_dir: options.CacheFolder = None,
) -> None:
    """Delete entries, failed tunings among them; what is needed again is computed again."""
    from automl_skin.cli.terminal import Terminal
    from automl_skin.embeddings.kept import beginning_with

    stores = _stores(cache_dir)
    if key is not None:
        everywhere: list[Entry] = [entry for store in stores for entry in store.list()]
        key = beginning_with(key, everywhere)[0].digest
    gone: list[Entry] = []
    for store in stores:
        if key is None or any(entry.digest == key for entry in store.list()):
            gone += store.prune(older_than_days=older_than, digest=key, everything=everything)
    Terminal().say(f"Deleted {len(gone)} entries, {sum(entry.size_bytes for entry in gone) / 1e6:.1f} MB")


def _stores(cache_dir: Path | None) -> "tuple[EmbeddingCache, NetworkStore, KeptPixels]":
    from automl_skin.embeddings.cache import EmbeddingCache
    from automl_skin.embeddings.kept_pixels import KeptPixels
    from automl_skin.embeddings.networks import NetworkStore

    folder = workspace_of(None, cache_dir).cache
    return (
        EmbeddingCache(folder / "embeddings"),
        NetworkStore(folder / "networks"),
        KeptPixels(folder / "pixels"),
    )


def _embedding_rows(cache: "EmbeddingCache") -> Rows:
    return [
        (
            entry.digest[:12],
            _text(entry.key, "backbone"),
            _without(entry.key.get("tuned_on")),
            _text(entry.key, "views"),
            _text(entry.key, "precision"),
            f"{entry.images:,}",
            *_size_and_day(entry),
        )
        for entry in cache.list()
    ]


def _network_rows(store: "NetworkStore") -> Rows:
    return [
        (entry.digest[:12], _text(entry.key, "name"), entry.state, *_size_and_day(entry))
        for entry in store.list()
    ]


def _pixel_rows(kept: "KeptPixels") -> Rows:
    rows: Rows = []
    for entry in kept.list():
        recipe = entry.key.get("recipe")
        recipe = recipe if isinstance(recipe, Mapping) else {}
        size = f"{_text(recipe, 'height')}x{_text(recipe, 'width')}"
        images = _text(entry.key, "images")
        rows.append((entry.digest[:12], images, size, _text(recipe, "colour"), *_size_and_day(entry)))
    return rows


def _text(key: Mapping[str, Any], name: str) -> str:
    return str(key.get(name, "?"))


def _without(tuned_on: Any) -> str:
    if not isinstance(tuned_on, Mapping):
        return "frozen"
    return f"without {', '.join(map(str, tuned_on['held_out_folds']))}"


def _size_and_day(entry: "Entry") -> tuple[str, str]:
    day = datetime.fromtimestamp(entry.last_used, tz=UTC)
    return f"{entry.size_bytes / 1e6:.1f}", f"{day:%Y-%m-%d}"
