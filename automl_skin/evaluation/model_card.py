"""The model card: what a person must know before they use the model, as Markdown (Mitchell et al. 2019)."""

from collections.abc import Iterator, Mapping, Sequence

from automl_skin.evaluation.agreement import find_disagreements
from automl_skin.evaluation.card_facts import CardData, CardFacts, CardRole, CardSearch
from automl_skin.evaluation.figures import Figures
from automl_skin.evaluation.model_figures import ModelFigures
from automl_skin.evaluation.operating_point import OperatingPoint
from automl_skin.evaluation.record import in_words, listed
from automl_skin.evaluation.subgroups import is_lower


def model_card(facts: CardFacts) -> str:
    """Return the model card as Markdown.

    Parameters
    ----------
    facts : CardFacts
        What cannot be told (no locked test, one class only ...) is said in words, never left out.
    """
    sections = (
        ("What it predicts", _purpose(facts)),
        ("What it must not be used for", _limits(facts)),
        ("Data", _data(facts)),
        *([("Kinds of photograph", _roles(facts.roles))] if facts.roles else []),
        ("How cases were kept apart", _plan(facts)),
        ("How it was trained", _training(facts)),
        ("Figures on the locked test set", _figures(facts)),
        ("What the search itself believed", _selection(facts.search)),
        ("How far it falls when photographs are taken otherwise", _shifts(facts)),
        ("How good it is on a source that it was not fitted on", _sources(facts)),
        ("Operating point", _operating_point(facts)),
        ("Calibration", _calibration(facts.figures)),
        ("Subgroups", _subgroups(facts)),
        ("Licences of the weights", _licences(facts)),
    )
    head = f"# {facts.study}\n\nWritten by automl-skin {facts.version} on {facts.created}."
    return "\n\n".join([head, *(f"## {title}\n\n{_joined(lines)}" for title, lines in sections)]) + "\n"


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(lines)


def _purpose(facts: CardFacts) -> Iterator[str]:
    if facts.positive:
        yield (
            f"The probability that a lesion is positive, from its photographs and clinical metadata. Positive are the "
            f"values {_code(facts.positive)} of `{facts.target}`."
        )
    else:
        yield (
            f"The probability of each of {len(facts.classes)} classes of `{facts.target}` ({_code(facts.classes)}), "
            "from photographs of a lesion and clinical metadata."
        )
    if not facts.measured:
        yield ""
        yield (
            "**This model was refitted on all rows. The figures below were measured on the chains before that; "
            "this model itself is unmeasured.**"
        )


def _limits(facts: CardFacts) -> Iterator[str]:
    yield "- Not a medical device. It must not make or replace a diagnosis, and no treatment may rest on it alone."
    yield "- Not for ruling a malignant lesion out: a low probability is no proof of its absence."
    yield (
        f"- Not for another hospital, camera or population than the data below without `automl-skin evaluate` "
        f"on labelled cases from there: figures fall between collections{_from(facts.data)}."
    )
    yield "- Not for diagnoses that the training data does not hold: every lesion gets a probability all the same."
    yield "- The probabilities assume the shares of classes below; elsewhere use `score --prevalence`."


def _from(data: CardData) -> str:
    return f" (this one knows {listed([_clean(source) for source in data.sources])})" if data.sources else ""


def _data(facts: CardFacts) -> Iterator[str]:
    data = facts.data
    yield (
        f"{data.n_cases} cases with {data.n_images} photographs in {data.n_groups} groups (patients, lesions and "
        f"duplicates joined); {data.n_locked} cases are the locked test set."
    )
    yield ""
    yield from _table(
        ("class", "cases", "share"),
        [(name, str(n), f"{n / max(data.n_cases, 1):.1%}") for name, n in data.class_counts.items()],
    )
    yield ""
    yield f"- Source: {listed([_clean(source) for source in data.sources]) or 'the table does not say'}"
    missing = [f"{_clean(name)} {share:.1%}" for name, share in data.missing.items() if share > 0]
    yield f"- Missing values: {', '.join(missing) if missing else 'none'}"
    for name, reason in data.quarantined.items():
        yield f"- Not used: `{_clean(name)}` ({_clean(reason)})"


def _roles(roles: Sequence[CardRole]) -> Iterator[str]:
    """Say which kinds of photograph the stack sees, and what stands in for one that is missing."""
    yield from _table(
        ("kind", "photographs", "cases without", "seen by trials"),
        [
            (role.name, str(role.n_images), f"{role.missing:.1%}", _numbers(role.seen_by) or "none")
            for role in roles
        ],
    )
    yield ""
    yield (
        f"A case is scored whichever of them it has. One that is missing is flagged "
        f"({_code([f'missing_{role.name}' for role in roles])}), and something stands in for it:"
    )
    yield ""
    towers = {trial for role in roles for trial in role.towers}
    shared = [trial for role in roles for trial in role.seen_by if trial not in towers]
    if several := sorted({trial for trial in shared if shared.count(trial) > 1}):
        yield (
            f"- Where one network sees all kinds (trials {_numbers(several)}): the mean of the case's others that the "
            "trial sees."
        )
    if towers:
        yield (
            f"- Where each kind has a network of its own (trials {_numbers(sorted(towers))}): the average photograph "
            "of that kind in training; where the networks answer themselves, those answer whose kind is there."
        )
    yield (
        "- In a trial that sees none of the kinds that the case has: the average photograph, and for a network that "
        "answers itself an embedding of zeros."
    )
    yield ""
    yield (
        "A case without any photograph is scored by its metadata alone, and one without metadata either, or whose only "
        "photographs cannot be read, is not scored."
    )


def _numbers(trials: Sequence[int]) -> str:
    return ", ".join(map(str, trials))


def _plan(facts: CardFacts) -> Iterator[str]:
    plan = facts.plan
    yield (
        f"{plan.folds} folds and a locked part, cut between groups, fixed before anything was trained: "
        f"`{plan.digest}`."
    )
    if plan.waiver is not None or plan.crossing_share > 0:
        yield ""
        yield (
            f"**{plan.crossing_share:.1%} of the cases have their group on both sides of the split. That was waived "
            f"({_clean(plan.waiver or 'no reason is recorded')}); every figure below may be too good.**"
        )


def _training(facts: CardFacts) -> Iterator[str]:
    yield (
        f"{facts.search.trials} trials were finished; the model is a stack of {len(facts.members)} of them "
        f"({_clean(facts.search.method)}), each with the {facts.plan.folds} chains that were measured."
        if facts.measured
        else f"{facts.search.trials} trials were finished; the model is a stack of {len(facts.members)} of them "
        f"({_clean(facts.search.method)}), refitted on all rows."
    )
    yield ""
    ordered = sorted(facts.members, key=lambda member: -member.weight)
    yield from _table(
        ("trial", "what", "weight"),
        [(str(member.trial), member.title, f"{member.weight:.3f}") for member in ordered],
    )
    yield from _tuned(facts)


def _tuned(facts: CardFacts) -> Iterator[str]:
    """Say which networks were tuned on what, and where second-order paths are."""
    if not facts.tunings:
        return
    yield ""
    yield (
        "Networks were tuned on the development cases, each without the fold (or the two) that it is measured on; the "
        "locked cases tuned none of them."
    )
    yield ""
    rows = [
        (each.name, str(each.networks), ", ".join(each.ways), _recipe(each.recipe)) for each in facts.tunings
    ]
    yield from _table(("tuned", "networks", "ways", "how"), rows)
    if any("logits" in each.ways for each in facts.tunings):
        yield ""
        yield (
            "In the way `logits` a training row's columns come from a network that labels of the scored fold helped "
            "to tune (a second-order path; no network has seen the case that it scores)."
        )


def _recipe(recipe: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recipe.items())


def _figures(facts: CardFacts) -> Iterator[str]:
    figures = facts.figures
    if figures is None:
        yield "The locked test set was not opened: there is no figure on cases that the search did not see."
        return
    yield (
        f"{figures.n_cases} cases of {figures.n_lesions} lesions ({figures.counts}). The locked test set was "
        f"{figures.opened}. Intervals are 95 %, from a bootstrap of whole groups."
    )
    yield ""
    yield f"**{figures.verdict}**"
    if figures.note:
        yield ""
        yield figures.note
    for warning in find_disagreements(figures, facts.search.expected):
        yield ""
        yield f"**{warning}**"
    yield ""
    yield from _table(
        (
            "model",
            "AUC",
            "AUC per lesion",
            "average precision",
            "balanced accuracy",
            "Brier",
            "gain of the first",
        ),
        [_model_row(figures, name, model) for name, model in figures.models.items()],
    )
    yield ""
    yield f"The {figures.first} further ({figures.opened}): {figures.models[figures.first].details()}."


def _model_row(figures: Figures, name: str, model: ModelFigures) -> tuple[str, ...]:
    gain = in_words(figures.gains[name], signed=True) if name in figures.gains else ""
    return (
        name,
        in_words(model.auc),
        in_words(model.lesion_auc),
        f"{model.average_precision:.3f}",
        f"{model.balanced_accuracy:.3f}",
        f"{model.brier:.3f}",
        gain,
    )


def _selection(search: CardSearch) -> Iterator[str]:
    if search.best is None:
        yield "The correction for having chosen the best of many trials was not computed."
        return
    best = search.best
    yield (
        f"The best of {search.trials} trials has an out-of-fold {search.metric} of {best.naive:.4f}. Corrected "
        "for having been chosen (BBC-CV, Tsamardinos et al. 2018, groups drawn whole) it is "
        f"{in_words(best.interval)}: choosing made it look better by {best.bias:.4f}."
    )
    others = search.tied - 1
    verb = "trial is" if others == 1 else "trials are"
    yield f"{others} other {verb} tied with it (the paired interval of the difference contains 0)."


def _shifts(facts: CardFacts) -> Iterator[str]:
    if facts.shifts is None:
        yield "Not measured: the study was run with `--shift-cases 0`, or before there was this figure."
        return
    yield from facts.shifts.markdown()


def _sources(facts: CardFacts) -> Iterator[str]:
    if facts.sources is None:
        yield "Not measured: it takes a table that names at least two sources with enough cases."
        return
    yield from facts.sources.markdown()


def _operating_point(facts: CardFacts) -> Iterator[str]:
    point: OperatingPoint | None = facts.operating_point
    if point is None:
        yield "None is stored." if facts.positive else "A target of several classes has none."
        return
    yield (
        f"Probabilities from {point.threshold:.4g} on are positive decisions: asked for was a sensitivity of "
        f"{point.wanted:.2f}. Cross-fitted on out-of-fold cases it reached a sensitivity of {point.sensitivity:.3f} "
        f"({point.sensitivity_low:.3f} to {point.sensitivity_high:.3f}) and a specificity of {point.specificity:.3f}."
    )


def _calibration(figures: Figures | None) -> Iterator[str]:
    if figures is None:
        yield "Not measured: the locked test set was not opened."
        return
    first = figures.models[figures.first]
    text = first.describe_calibration()
    yield f"On the locked test set ({figures.opened}): {text}. A slope of 1 and an intercept of 0 are right."
    if first.calibration_warning:
        yield ""
        yield f"**{first.calibration_warning}**"


def _subgroups(facts: CardFacts) -> Iterator[str]:
    if not facts.subgroups:
        yield "None were measured."
        return
    overall = facts.subgroups_overall
    beside = "" if overall is None else f"; all of them together have an AUC of {overall:.3f}"
    yield f"Measured on {facts.subgroups_on}{beside}."
    yield ""
    rows = [
        (
            subgroup.column,
            subgroup.level,
            str(subgroup.n_cases),
            in_words(subgroup.auc) if subgroup.auc is not None else f"too small: {subgroup.too_small}",
            "lower than overall" if is_lower(subgroup, overall) else "",
        )
        for subgroup in facts.subgroups
    ]
    yield from _table(("column", "level", "cases", "AUC", ""), rows)


def _licences(facts: CardFacts) -> Iterator[str]:
    if not facts.weights:
        yield "No network is part of this model."
        return
    yield from _table(
        ("backbone", "licence", "digest"),
        [
            (each.backbone, each.licence or "unknown: ask whoever gave you the weights", each.digest[:16])
            for each in facts.weights
        ],
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(_clean(cell) for cell in row)} |"


def _clean(text: str) -> str:
    """Return text from a table of the user's so that it cannot break a Markdown table or hide behind HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{_clean(name)}`" for name in names)
