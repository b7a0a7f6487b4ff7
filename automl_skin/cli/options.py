"""Options that several commands share, each declared once."""

import csv
import re
from pathlib import Path
from typing import Annotated

import typer

DATA = "What to learn from"
NETWORKS = "Networks"
TUNING = "Tuning"
SEARCH = "Search"
PLACES = "Where things lie"

Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="Table of cases: CSV, Parquet or Excel. Given again: another table, joined by the id that they share.",
        rich_help_panel=DATA,
    ),
]
Images = Annotated[
    Path | None, typer.Option("--images", help="Folder of the photographs.", rich_help_panel=DATA)
]
Target = Annotated[
    str | None, typer.Option("--target", help="Column of the diagnosis.", rich_help_panel=DATA)
]
Verify = Annotated[
    Path | None,
    typer.Option(
        "--verify",
        metavar="KEY",
        help="PEM file of the public key that the bundle must have been signed with.",
    ),
]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        help="Its positive values, separated by commas. Needed where two values are not known by name, as benign and "
        "malignant are; without it, more than two values are several classes.",
        rich_help_panel=DATA,
    ),
]
Group = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        help="Column whose equal values belong together; added to those that are recognised. Repeatable.",
        rich_help_panel=DATA,
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        help="Column or table with a plan of your own: development/test, or folds.",
        rich_help_panel=DATA,
    ),
]
Metadata = Annotated[
    list[str] | None, typer.Option("--metadata", help="Metadata column. Repeatable.", rich_help_panel=DATA)
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Column that is not metadata. Repeatable.", rich_help_panel=DATA),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", help="Column that the audit must not quarantine. Repeatable.", rich_help_panel=DATA
    ),
]
Quarantine = Annotated[
    list[str] | None,
    typer.Option(
        "--quarantine", help="Column that is not to be trained on. Repeatable.", rich_help_panel=DATA
    ),
]
WaiveLeakage = Annotated[
    bool | None,
    typer.Option(
        "--waive-leakage",
        help="Accept a split that cuts groups; every report says so.",
        rich_help_panel=DATA,
    ),
]
DropCrossing = Annotated[
    bool | None,
    typer.Option(
        "--drop-crossing",
        help="Leave out development rows that share a group with locked ones.",
        rich_help_panel=DATA,
    ),
]
AllowMissing = Annotated[
    bool | None,
    typer.Option(
        "--allow-missing",
        help="Go on although more than 5 % of the images are missing.",
        rich_help_panel=DATA,
    ),
]
CaseColumn = Annotated[
    str | None,
    typer.Option("--case-column", help='Column of the case; "" for none.', rich_help_panel=DATA),
]
ImageColumn = Annotated[
    str | None, typer.Option("--image-column", help="Column of the image id or path.", rich_help_panel=DATA)
]
ImageRoleColumn = Annotated[
    str | None,
    typer.Option(
        "--image-role-column", help='Column of the kind of photograph; "" for none.', rich_help_panel=DATA
    ),
]
PatientColumn = Annotated[
    str | None,
    typer.Option("--patient-column", help='Column of the patient; "" for none.', rich_help_panel=DATA),
]
LesionColumn = Annotated[
    str | None,
    typer.Option("--lesion-column", help='Column of the lesion; "" for none.', rich_help_panel=DATA),
]
SourceColumn = Annotated[
    str | None,
    typer.Option(
        "--source-column", help='Column of the collection or hospital; "" for none.', rich_help_panel=DATA
    ),
]
Study = Annotated[
    str,
    typer.Option(
        "--study",
        help="Name (studies/NAME) or path of the study. To read one: the workspace's only one by default.",
        rich_help_panel=PLACES,
    ),
]
WorkspaceFolder = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder of studies/ and mlruns/; the current one by default.",
        rich_help_panel=PLACES,
    ),
]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir", help="Cache of embeddings; the user's cache folder by default.", rich_help_panel=PLACES
    ),
]
Device = Annotated[
    str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1 ...", rich_help_panel=NETWORKS)
]
TrackingUri = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri", help="MLflow server; the workspace's own store by default.", rich_help_panel=PLACES
    ),
]

Backbone = Annotated[
    list[str] | None,
    typer.Option(
        "--backbone",
        help="timm name, tagged name, or folder in --weights-dir. Repeatable.",
        rich_help_panel=NETWORKS,
    ),
]
Weights = Annotated[
    str | None, typer.Option("--weights", help="pretrained or random.", rich_help_panel=NETWORKS)
]
WeightsDir = Annotated[
    Path | None,
    typer.Option("--weights-dir", help="Folder of weights in timm's hub layout.", rich_help_panel=NETWORKS),
]
Size = Annotated[
    str | None,
    typer.Option("--size", help="Input in pixels: HEIGHTxWIDTH or one side.", rich_help_panel=NETWORKS),
]
Fit = Annotated[
    str | None,
    typer.Option(
        "--fit",
        help="squash photographs into the input, or crop: scale the shorter side, cut out the centre [squash].",
        rich_help_panel=NETWORKS,
    ),
]
Resize = Annotated[
    str | None,
    typer.Option(
        "--resize",
        help="Size like --size to fit photographs to before the input is cut out of them; tuning cuts anywhere.",
        rich_help_panel=NETWORKS,
    ),
]
Views = Annotated[
    int | None,
    typer.Option(
        "--views", help="1, 4 or 8 flips whose embeddings are averaged [1].", rich_help_panel=NETWORKS
    ),
]
Colour = Annotated[
    list[str] | None,
    typer.Option(
        "--colour",
        help="Colour constancy: none, shades_of_grey. Repeatable: both are searched.",
        rich_help_panel=NETWORKS,
    ),
]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", help="Images a step of stage one.", rich_help_panel=NETWORKS)
]
Folds = Annotated[
    int | None, typer.Option("--folds", help="Folds of the development part [5].", rich_help_panel=DATA)
]
LockedShare = Annotated[
    float | None,
    typer.Option("--locked-share", help="Share of the locked test set [0.2].", rich_help_panel=DATA),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Of everything random [0].", rich_help_panel=SEARCH)]
Tuning = Annotated[
    list[str] | None,
    typer.Option(
        "--tuning",
        help="none, auto (device and budget decide), head, partial, full, joint or robust, with changes of its own "
        "in quotes: 'full epochs=6 sampling=balanced'. Repeatable: carried out in this order [auto].",
        rich_help_panel=TUNING,
    ),
]
TuningBudget = Annotated[
    str | None,
    typer.Option("--tuning-budget", help="Time for tuning in all: 45m, 2h.", rich_help_panel=TUNING),
]
TuningSet = Annotated[
    list[str] | None,
    typer.Option(
        "--tuning-set",
        help="Change of every tuning, such as epochs=6 or loss=focal; one that stands with a name wins. Repeatable.",
        rich_help_panel=TUNING,
    ),
]
Way = Annotated[
    list[str] | None,
    typer.Option(
        "--way",
        help="How tuned networks reach stage two: within, rotation, logits, own. "
        "Repeatable [within, logits, own].",
        rich_help_panel=TUNING,
    ),
]
Towers = Annotated[
    str | None,
    typer.Option(
        "--towers",
        help="Where a case has several kinds of photograph: own tuned networks for each kind, or shared ones [own].",
        rich_help_panel=TUNING,
    ),
]
Devices = Annotated[
    str | None,
    typer.Option("--devices", help="Devices that tune side by side: cuda:0,cuda:1.", rich_help_panel=TUNING),
]
Objective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        help="auc, or robust: the mean of the metric and of the metric on shifted images [auc].",
        rich_help_panel=SEARCH,
    ),
]
ShiftCases = Annotated[
    int | None,
    typer.Option(
        "--shift-cases", help="Cases whose images are shifted to measure that [1000].", rich_help_panel=SEARCH
    ),
]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``45m``, ``2h`` or ``1h30m``.

    Raises
    ------
    typer.BadParameter
        If it is none.

    Examples
    --------
    >>> parse_duration("1h30m")
    5400.0
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise typer.BadParameter(f"must be a duration such as 90s, 45m, 2h or 1h30m; found {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def split_commas(text: str | None) -> list[str] | None:
    """Return the values of a comma-separated option; None where it was not given.

    Examples
    --------
    >>> split_commas('mel, "melanoma, in situ"')
    ['mel', 'melanoma, in situ']
    """
    if text is None:
        return None
    parts = next(csv.reader([text], skipinitialspace=True), [])
    return [part.strip() for part in parts if part.strip()]
