"""What speaks against a model, and what its data cannot tell, said from the facts of the study."""

import re
from dataclasses import dataclass

from automl_skin.data.plan_checks import expected_interval_width
from automl_skin.evaluation.model_card import CardFacts
from automl_skin.evaluation.record import in_words, listed
from automl_skin.evaluation.report.facts import ReportFacts
from automl_skin.metrics.parts import MIN_GROUPS

HALF_WIDTHS = (0.05, 0.03)
MAX_POSITIVES = 100_000
CHANCE = 0.5

_SKIN = re.compile(r"skin[ _-]?(type|tone|colou?r)|fitz|monk|phototype|hauttyp", re.IGNORECASE)
_DATE = re.compile(r"date|datum|year|jahr", re.IGNORECASE)


def find_concerns(facts: ReportFacts) -> list[str]:
    """Return what a summary must not leave out, one sentence each."""
    card, figures = facts.card, facts.card.figures
    if figures is None:
        return ["There is no figure on locked cases."]
    first = figures.models[figures.first]
    everywhere = [*card.subgroups, *figures.subgroups]
    lower = dict.fromkeys(f"{each.column} {each.level}" for each in everywhere if each.is_lower)
    return [
        text
        for text in (
            figures.verdict if figures.not_beaten else "",
            "" if first.auc.enough else "The locked cases are too few to tell how good it is.",
            *(f"Open question: {each}." for each in facts.shortcuts.questions()),
            f"The audit asks whether {listed(facts.asked)} {'was' if len(facts.asked) == 1 else 'were'} known before "
            "the diagnosis: see its findings."
            if facts.asked
            else "",
            *card.disagreements,
            first.calibration_warning,
            f"Its AUC is lower than expected for {listed(list(lower))}." if lower else "",
            "A model may have learnt how photographs were taken in place of the lesion: facts of acquisition alone "
            f"reach an AUC of {in_words(facts.shortcuts.all_facts)}."
            if facts.shortcuts.is_shortcut
            else "",
            "The groups of the plan were cut by waiver." if card.plan.waiver is not None else "",
            f"The locked test set was {figures.opened}." if figures.times_opened > 1 else "",
        )
        if text
    ]


def find_limits(facts: ReportFacts) -> list[str]:
    """Return what the data cannot tell, one or two sentences each; code stands between backticks."""
    card = facts.card
    names = [*facts.inputs, *card.data.quarantined]
    small = [f"{each.column} {each.level}" for each in card.subgroups if each.auc is None]
    few = [name for name, count in card.data.class_counts.items() if count < 100]
    known = card.sources is not None
    texts = (
        (
            "How good it is elsewhere. The locked cases come from the same collection as all others: this is internal "
            "testing, and figures drop from one hospital, camera or population to another."
        ),
        ""
        if known
        else "How it does on a source that it has not seen: the table names no two with enough cases.",
        (
            "Whether the diagnoses are right. How they were made, and by whom, is not in the table; wrong ones bound "
            "what can be measured."
        ),
        f"What of the figures is owed to how photographs were taken. Facts of acquisition alone reach an AUC of "
        f"{in_words(facts.shortcuts.all_facts)}, without a pixel: see how the figures were protected."
        if facts.shortcuts.is_shortcut
        else "",
        "Who is missing. How patients came into the table, and who did not, is unknown.",
        ""
        if any(_SKIN.search(name) for name in names)
        else "How it does by skin type: the table does not record it.",
        ""
        if any(_DATE.search(name) for name in names)
        else "Whether it ages: the table has no dates, and cases were not cut by time.",
        f"How it does in small groups: {listed(small)} {'has' if len(small) == 1 else 'have'} too few cases."
        if small
        else "",
        f"Much about rare classes: {listed(few)} {'has' if len(few) == 1 else 'have'} fewer than 100 cases."
        if few
        else "",
        "What it does to lesions of other diagnoses than those of the table.",
        "Whether people decide better with it: nobody has used it in this study.",
    )
    return [text for text in texts if text]


@dataclass(frozen=True)
class Size:
    """How many cases an AUC takes that is to be known to a half width.

    Parameters
    ----------
    positives, cases : int
        If the AUC is `auc`, as measured; never fewer positives than an interval takes at all.
    most_positives, most_cases : int
        If it is `low_auc`, the low end of its interval, or 0.5 where that lies lower.
    is_known : bool
        Whether the measured AUC rests on enough cases to plan by.
    """

    half_width: float
    auc: float
    positives: int
    cases: int
    low_auc: float
    most_positives: int
    most_cases: int
    is_known: bool


def sizes_for(card: CardFacts) -> list[Size]:
    """Return how many cases an AUC's interval of some half widths takes; nothing for several classes."""
    counts = list(card.data.class_counts.values())
    if card.figures is None or len(counts) != 2 or not all(counts):  # binary
        return []
    auc = card.figures.models[card.figures.first].auc
    share, low = counts[1] / sum(counts), min(max(auc.low, CHANCE), auc.value)
    found = []
    for half_width in HALF_WIDTHS:
        fewest, most = (
            max(_fewest_positives(value, share, half_width), MIN_GROUPS) for value in (auc.value, low)
        )
        of_all = (round(fewest / share), round(most / share))
        found.append(Size(half_width, auc.value, fewest, of_all[0], low, most, of_all[1], auc.enough))
    return found


def _fewest_positives(auc: float, share: float, half_width: float) -> int:
    """Return the fewest positives that give an interval no wider, by bisection."""
    low, high = 1, MAX_POSITIVES
    while low < high:
        middle = (low + high) // 2
        negatives = max(round(middle * (1 - share) / share), 1)
        if expected_interval_width(middle, negatives, auc) <= 2 * half_width:
            high = middle
        else:
            low = middle + 1
    return low
