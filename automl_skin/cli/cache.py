"""``automl-skin cache``: what is kept of stage one, and how to delete it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl_skin.cli import options
from automl_skin.settings import Workspace

if TYPE_CHECKING:
    from automl_skin.store.entries import CacheEntry, EntryStore

Row = tuple[str, ...]

app = typer.Typer(help="List or prune the cache of embeddings, networks and pixels.", no_args_is_help=True)


@app.command("list")
def list_entries(cache_dir: options.CacheFolder = None) -> None:
    """List what is in the cache."""
    from automl_skin.cli.terminal import Terminal

    terminal = Terminal()
    embeddings, networks, pixels = _open_stores(cache_dir)
    terminal.table(
        f"Embeddings in {embeddings.folder}",
        ("key", "backbone", "tuned", "views", "precision", "images", "MB", "last used"),
        [_embedding_row(entry) for entry in embeddings.list()],
    )
    terminal.table(
        f"Tuned networks in {networks.folder}",
        ("key", "network", "state", "MB", "last used"),
        [_network_row(entry) for entry in networks.list()],
    )
    terminal.table(
        f"Pixels in {pixels.folder}",
        ("key", "images", "size", "colour", "MB", "last used"),
        [_pixel_row(entry) for entry in pixels.list()],
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
    from automl_skin.store.entries import select_key

    stores = _open_stores(cache_dir)
    if key is not None:
        key = select_key(key, [entry for store in stores for entry in store.list()])[0].digest
        stores = tuple(store for store in stores if any(entry.digest == key for entry in store.list()))
    deleted = [
        entry
        for store in stores
        for entry in store.prune(older_than_days=older_than, digest=key, everything=everything)
    ]
    megabytes = sum(entry.size_bytes for entry in deleted) / 1e6
    Terminal().say(f"Deleted {len(deleted)} entries, {megabytes:.1f} MB")


def _open_stores(cache_dir: Path | None) -> "tuple[EntryStore, ...]":
    from automl_skin.store.entries import EntryStore

    folder = Workspace.at(None, cache_dir).cache
    return tuple(EntryStore(folder / name) for name in ("embeddings", "networks", "pixels"))


def _embedding_row(entry: "CacheEntry") -> Row:
    from automl_skin.embeddings.cache import count_embeddings

    return (
        entry.digest[:12],
        _text(entry.key, "backbone"),
        _describe_tuning(entry.key.get("tuned_on")),
        _text(entry.key, "views"),
        _text(entry.key, "precision"),
        f"{count_embeddings(entry):,}",
        *_describe_use(entry),
    )


def _network_row(entry: "CacheEntry") -> Row:
    from automl_skin.embeddings.networks import tuning_state

    return (entry.digest[:12], _text(entry.key, "name"), tuning_state(entry), *_describe_use(entry))


def _pixel_row(entry: "CacheEntry") -> Row:
    recipe = entry.key.get("recipe")
    recipe = recipe if isinstance(recipe, Mapping) else {}
    size = f"{_text(recipe, 'height')}x{_text(recipe, 'width')}"
    images, colour = _text(entry.key, "images"), _text(recipe, "colour")
    return (entry.digest[:12], images, size, colour, *_describe_use(entry))


def _text(key: Mapping[str, Any], name: str) -> str:
    return str(key.get(name, "?"))


def _describe_tuning(tuned_on: Any) -> str:
    if not isinstance(tuned_on, Mapping):
        return "frozen"
    return f"without {', '.join(map(str, tuned_on['held_out_folds']))}"


def _describe_use(entry: "CacheEntry") -> tuple[str, str]:
    day = datetime.fromtimestamp(entry.last_used, tz=UTC)
    return f"{entry.size_bytes / 1e6:.1f}", f"{day:%Y-%m-%d}"
