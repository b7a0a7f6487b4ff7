"""Pictures of where in its photographs the stack sees what speaks for a class (`automl_skin.explain.stack_heat`).

There is one per photograph, named by the row that names it. The heat is of the positive class, of several classes of
the one that is decided.
"""

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array, IntArray, Pixels
from automl_skin.data.table import id_text
from automl_skin.errors import ConfigError
from automl_skin.explain.shown import lay_over
from automl_skin.explain.stack_heat import HeatShares, network_directions, smooth_chains
from automl_skin.export.predictor import CaseImage, Prediction, Predictor
from automl_skin.files import write_bytes
from automl_skin.images.decode import decode
from automl_skin.images.loading import prepare
from automl_skin.images.recipe import Recipe, resize
from automl_skin.scoring.rows import Reading
from automl_skin.scoring.scores_file import DECISION, PROBABILITY
from automl_skin.workers.map_in_order import map_in_order
from automl_skin.workers.processes import available_processors

SIDE = 400
"""Pixels of the longer side of a printed photograph."""

MAX_NAME = 80
"""Characters of an id in a file's name."""

AT_ONCE = 8
"""Photographs that are held decoded."""

NO_PHOTOGRAPH = "named no photograph"
UNREADABLE = "photograph could not be used"
NOT_SEEN = "no linear or neural head sees this kind of photograph"


@dataclass(frozen=True)
class Pictures:
    """Pictures that were written.

    Parameters
    ----------
    files : tuple of str
        Their names.
    without : dict of str to int
        Rows that have none, by why.
    """

    files: tuple[str, ...] = ()
    without: dict[str, int] = field(default_factory=dict)

    @classmethod
    def together(cls, parts: Iterable[Mapping[str, Any]]) -> "Pictures":
        """Return the pictures of several parts, each as JSON has it."""
        files: list[str] = []
        without: Counter[str] = Counter()
        for part in parts:
            files += part["files"]
            without.update(part["without"])
        return cls(tuple(files), dict(without))


@dataclass(frozen=True)
class Answer:
    """What is told of a case below its pictures.

    Parameters
    ----------
    label : int
        The class that its heat is of.
    line : str
    """

    label: int
    line: str


@dataclass(frozen=True)
class _Photograph:
    """A decoded photograph: as it is printed, and as each recipe shows it."""

    file: str
    title: str
    case: str
    role: str
    printed: Pixels
    looks: Mapping[Recipe, Pixels]


class HeatPictures:
    """Draws pictures with a bundle.

    Parameters
    ----------
    folder : Path
        Where they are written.

    Raises
    ------
    ConfigError
        If no head with gradients sees an image, or a network has no maps.
    """

    def __init__(self, folder: Path, predictor: Predictor) -> None:
        self.folder = folder
        self.predictor = predictor
        self.shares = HeatShares.of(predictor.stack)
        if not smooth_chains(predictor.stack):
            message = (
                "--heat: expected a bundle in which a linear or neural head sees the image, got one without"
            )
            raise ConfigError(f"{message}; leave --heat out")
        self._embeddings = {each.name: each for each in predictor.facts.embeddings}
        self._lookings = predictor.lookings()
        self._try_out()

    def _try_out(self) -> None:
        """Draw the heat of a black photograph by each network, so that one without maps is met here."""
        nobody = pd.DataFrame(index=["nobody"])
        chains = [self.predictor.stack.chains[pair] for pair in smooth_chains(self.predictor.stack)]
        for name in dict.fromkeys(name for chain in chains for name in chain.image_names):
            looking = self._lookings[name]
            entering = self.predictor.entering(self._embeddings[name], nobody, ["nobody"])
            black = np.zeros((1, looking.recipe.height, looking.recipe.width, 3), np.uint8)
            width = looking.embeddings(black, entering).shape[1]
            looking.heat(black, np.ones((1, width)), None, entering)

    def draw_rows(
        self,
        rows: pd.DataFrame,
        reading: Reading,
        scores: pd.DataFrame,
        prediction: Prediction,
        told: Callable[[int], None],
    ) -> Pictures:
        """Write the pictures of the photographs of some rows.

        Parameters
        ----------
        scores, prediction
            Of these rows, as `score_rows` returns them.
        told : callable
            Called with the number of rows that are done.
        """
        shown = reading.with_image(rows)
        given = id_text(shown[reading.roles.image])
        named = (
            (file_name(number, name), _title(image, name, reading), image)
            for number, name, image in zip(shown.index, given, reading.photographs(rows), strict=True)
        )
        answers = answers_of(self.predictor, list(reading.cases(rows)), scores)
        drawn = self.draw(named, prediction, answers, told)
        without = {NO_PHOTOGRAPH: len(rows) - len(shown)} if len(shown) < len(rows) else {}
        return replace(drawn, without=drawn.without | without)

    def draw(
        self,
        named: Iterable[tuple[str, str, CaseImage]],
        prediction: Prediction,
        answers: Mapping[str, Answer],
        told: Callable[[int], None],
    ) -> Pictures:
        """Write the pictures of some photographs.

        Parameters
        ----------
        named : iterable of (str, str, CaseImage)
            Names of the pictures, what they say of whom they are of, and the photographs.
        prediction : Prediction
            Of the cases.
        answers : mapping of str to Answer
            By case.
        told : callable
            Called with the number of photographs that are done.
        """
        files: list[str] = []
        without: Counter[str] = Counter()
        done = 0
        with closing(self._looked_at(named, prediction)) as photographs:
            while some := list(islice(photographs, AT_ONCE)):
                readable = [each for each in some if each is not None]
                without[UNREADABLE] += len(some) - len(readable)
                for role in dict.fromkeys(each.role for each in readable):
                    group = [each for each in readable if each.role == role]
                    written = self._draw_kind(group, role, prediction, answers)
                    files += written
                    without[NOT_SEEN] += len(group) - len(written)
                done += len(some)
                told(done)
        return Pictures(tuple(files), {why: count for why, count in without.items() if count})

    def _looked_at(
        self, named: Iterable[tuple[str, str, CaseImage]], prediction: Prediction
    ) -> Generator[_Photograph | None]:
        """Yield photographs in order, decoded ahead by threads; None for one that was not used."""
        recipes = {each.recipe for each in self._lookings.values()}

        def look(given: tuple[str, str, CaseImage]) -> _Photograph | None:
            file, title, image = given
            if image.content is None or image.name in prediction.problems:
                return None
            looks = {recipe: prepare(image.content, recipe, name=image.name) for recipe in recipes}
            printed = _printed(decode(image.content, name=image.name, minimum_side=SIDE))
            return _Photograph(file, title, image.case, self.predictor.role(image), printed, looks)

        return map_in_order(
            look, named, available_processors(), AT_ONCE, weigh=lambda each: len(each[2].content or b"")
        )

    def _draw_kind(
        self,
        photographs: Sequence[_Photograph],
        role: str,
        prediction: Prediction,
        answers: Mapping[str, Answer],
    ) -> list[str]:
        """Write the pictures of photographs of one kind, and return their names; none where the kind is not seen."""
        from automl_skin.explain.plots.heat_picture import heat_picture

        heat = self._heat(photographs, role, prediction, answers)
        if heat is None:
            return []
        for photograph, each in zip(photographs, heat, strict=True):
            answer = answers[photograph.case]
            wanted = self.predictor.facts.classes[answer.label]
            found = (
                f"heat (bright: most) speaks for {wanted}" if each.any() else f"no heat speaks for {wanted}"
            )
            lines = [
                photograph.title,
                answer.line,
                f"{found} (seen by {self.shares.shown:.0%} of the stack's weight)",
            ]
            write_bytes(self.folder / photograph.file, heat_picture(photograph.printed, each, lines))
        return [each.file for each in photographs]

    def _heat(
        self,
        photographs: Sequence[_Photograph],
        role: str,
        prediction: Prediction,
        answers: Mapping[str, Answer],
    ) -> list[Float32Array] | None:
        """Return the heat over whole photographs of one kind, as printed; None where no network looks at the kind."""
        assert prediction.inputs is not None
        cases = [each.case for each in photographs]
        positions, back = np.unique(
            prediction.inputs.metadata.index.get_indexer(pd.Index(cases)), return_inverse=True
        )
        inputs = prediction.inputs.take(positions)
        classes: IntArray = np.array([answers[case].label for case in inputs.metadata.index], np.int64)
        place = self.predictor.facts.image_roles.index(role)
        found = network_directions(self.predictor.stack, inputs, classes, place)
        if not found:
            return None
        total = [np.zeros(each.printed.shape[:2], np.float32) for each in photographs]
        for each in found:
            looking = self._lookings[each.name]
            pixels = np.stack([photograph.looks[looking.recipe] for photograph in photographs])
            entering = self.predictor.entering(self._embeddings[each.name], inputs.metadata, cases)
            heat = looking.heat(pixels, each.directions[back], each.average, entering)
            for number, photograph in enumerate(photographs):
                total[number] += lay_over(heat[number], looking.recipe, photograph.printed)
        return total


def answers_of(predictor: Predictor, cases: Sequence[str], scores: pd.DataFrame) -> dict[str, Answer]:
    """Return what is told of each case that has a probability.

    Parameters
    ----------
    cases : sequence of str
        Of each row of the scores.
    """
    facts = predictor.facts
    answers = {}
    for case, (_, row) in zip(cases, scores.iterrows(), strict=True):
        if case in answers or not row[DECISION]:
            continue
        label = 1 if facts.is_binary else facts.classes.index(row[DECISION])
        column = PROBABILITY if facts.is_binary else f"{PROBABILITY}_{facts.classes[label]}"
        line = f"probability of {facts.classes[label]} {row[column]:.3f}, decision {row[DECISION]}"
        answers[case] = Answer(label, line)
    return answers


def _title(image: CaseImage, name: str, reading: Reading) -> str:
    """Return what a picture calls its photograph: case and kind, where the table says them, and its id."""
    case = [image.case] if reading.roles.case is not None else []
    kind = [image.role] if reading.roles.image_role is not None else []
    return ", ".join(dict.fromkeys([*case, *kind, name]))


def file_name(row: int, name: str) -> str:
    """Return the file name of a row's picture; rows keep equal names apart.

    Examples
    --------
    >>> file_name(11, "../a b/ISIC_1.jpg")
    '000012-.._a_b_ISIC_1.jpg.png'
    """
    plain = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)[:MAX_NAME]
    return f"{row + 1:06d}-{plain}.png"


def _printed(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    return resize(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
