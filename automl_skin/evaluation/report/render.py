"""The report as one HTML page that needs nothing besides itself: no script, no request, every picture in it."""

import base64
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from automl_skin.data.acquisition import PLACE
from automl_skin.evaluation.record import in_words, listed, number
from automl_skin.evaluation.report.checklists import read_checklists
from automl_skin.evaluation.report.facts import ReportFacts
from automl_skin.evaluation.report.limits import find_concerns, find_limits, sizes_for
from automl_skin.metrics.intervals import Interval

FOLDER = Path(__file__).parent
GENERATOR = "automl-skin report"
"""Stands in the head of every page, by which ours are told from others."""

SECTIONS = {
    "summary": "Summary",
    "what": "What it predicts",
    "not-for": "What, and for whom, it is not",
    "data": "The data",
    "locked": "How good it is",
    "threshold": "At the threshold",
    "calibration": "Whether its probabilities mean what they say",
    "decision": "Whether acting on it helps: the decision curve",
    "subgroups": "For whom it is less good",
    "shifts": "What drops when photographs are taken differently",
    "sources": "What drops on a source that it was not fitted on",
    "without-metadata": "What drops without metadata",
    "tried": "What was tried",
    "protected": "How the figures were protected",
    "cannot-tell": "What the data cannot tell",
    "licences": "Licences",
    "repeat": "Repeating it",
    "checklists": "Reporting guidelines",
    "signature": "Signature",
}
"""Anchor and heading of every section, in the order of a reader's questions."""


def render_report(facts: ReportFacts) -> str:
    """Return the report as HTML; every text of the user's table is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": cell,
        "data_uri": data_uri,
        "figure": figure,
        "in_words": in_words,
        "listed": listed,
        "number": number,
        "percent": percent,
        "ticks": ticks,
    }
    page = environment.get_template("report.html.jinja")
    return page.render(
        generator=GENERATOR,
        facts=facts,
        card=facts.card,
        style=Markup((FOLDER / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        sections=SECTIONS,
        checklists=read_checklists(facts.unmeasured),
        concerns=find_concerns(facts),
        limits=find_limits(facts),
        place=PLACE,
        sizes=sizes_for(facts.card),
    )


def percent(share: float, digits: int = 1) -> str:
    """Return a share as text.

    Examples
    --------
    >>> percent(0.057), percent(0.25, 0)
    ('5.7 %', '25 %')
    """
    return f"{100 * share:.{digits}f} %"


def figure(value: Interval | float | None) -> str:
    """Return a figure as text, with its interval if it has one."""
    return in_words(value) if isinstance(value, Interval) else number(value)


def cell(text: str) -> Markup:
    """Return a figure in a table's cell, escaped; its interval goes to the next line where there is little room.

    Examples
    --------
    >>> cell("0.91 (0.88 to 0.94)")
    Markup('0.91 <span class="ci">(0.88 to 0.94)</span>')
    """
    value, parenthesis, interval = text.partition(" (")
    if not parenthesis:
        return escape(text)
    return Markup('{} <span class="ci">({}</span>').format(value, interval)


def ticks(text: str) -> Markup:
    """Return a text, escaped, in which what stands between backticks is code.

    Examples
    --------
    >>> ticks("use `score` & <see>")
    Markup('use <code>score</code> &amp; &lt;see&gt;')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def data_uri(content: bytes) -> str:
    """Return a picture as an address that holds it.

    Examples
    --------
    >>> data_uri(bytes([0xFF, 0xD8]))
    'data:image/jpeg;base64,/9g='
    """
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
