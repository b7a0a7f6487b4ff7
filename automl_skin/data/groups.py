"""Groups: the connected components of patient, lesion and (near-)duplicate image.

A *link* is anything that ties cases together: one patient id, one lesion id, one id of a column
that the user named, or one pair of duplicate images. Links are kept with their kind, so that a
split that cuts groups can say what it cuts. A missing id is not a link: such a case stands alone
unless something else ties it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from automl_skin.arrays import IntArray
from automl_skin.data.roles import ties_cases

_EXTRA_PREFIX = "group_"


@dataclass(frozen=True)
class Crossing:
    """What a division of the cases into sides cuts.

    Parameters
    ----------
    cut : pandas.Series
        Case -> whether its group is on more than one side.
    groups : int
        How many groups are cut.
    kinds : dict of str to int
        Kind of link -> how many links of it have cases on more than one side.
    examples : tuple of (kind, case, case)
        At most five pairs of cases that a link ties and the sides part, the kinds taking turns.
    """

    cut: "pd.Series[bool]"
    groups: int
    kinds: dict[str, int]
    examples: tuple[tuple[str, str, str], ...]

    @property
    def cases(self) -> int:
        """How many cases have their group on more than one side."""
        return int(self.cut.sum())

    @property
    def share(self) -> float:
        """Share of the cases whose group is on more than one side."""
        return float(self.cut.mean()) if len(self.cut) else 0.0

    def describe(self) -> str:
        """Return one sentence: which kinds of link are cut, with example pairs."""
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(self.kinds.items()))
        pairs = "; ".join(f"{a} and {b} ({kind})" for kind, a, b in self.examples)
        return (
            f"Cut links by kind: {kinds or 'through cases that are not here'}. For example: {pairs or '-'}."
        )


@dataclass(frozen=True)
class Groups:
    """The group of each case, and the links that made it.

    Parameters
    ----------
    ids : pandas.Series
        Case -> group, named after its smallest case id, so that a group has the same name
        whatever the order of the rows.
    links : pandas.DataFrame
        Columns ``kind`` (the id column, or ``"duplicate"``), ``link`` (a number) and ``case``: one row
        for every case that a link ties. Only links of two cases or more are here.
    """

    ids: "pd.Series[str]"
    links: pd.DataFrame

    @property
    def sizes(self) -> "pd.Series[int]":
        """Group -> number of cases, the largest first."""
        return self.ids.value_counts(sort=True)

    def only(self, cases: "pd.Index[str]") -> "Groups":
        """Return the groups of some cases; groups keep their names, and others still tie them."""
        return Groups(self.ids.loc[cases], self.links)

    def crossing(self, sides: "pd.Series[str]") -> Crossing:
        """Return what `sides` (case -> side; a missing side takes no part) cuts."""
        known = sides[sides.notna()]
        groups = self.ids.reindex(known.index)
        n_sides = known.groupby(groups).nunique()
        cut_groups = n_sides.index[n_sides > 1]
        links = self.links.assign(side=self.links["case"].map(known)).dropna(subset="side")
        links = links[links.groupby("link")["side"].transform("nunique") > 1]
        kinds = links.groupby("kind")["link"].nunique()
        return Crossing(
            cut=groups.isin(cut_groups),
            groups=len(cut_groups),
            kinds={str(kind): int(count) for kind, count in kinds.items()},
            examples=_example_pairs(links, 5),
        )


def connected_groups(cases: pd.DataFrame, duplicate_pairs: Iterable[tuple[str, str]] = ()) -> Groups:
    """Join cases that share a patient, a lesion, another named id or an image.

    Parameters
    ----------
    cases : pandas.DataFrame
        Index: case id. Columns that tie cases (``patient``, ``lesion`` and those that begin with ``group_``) are ids;
        other columns are not looked at. Ids of different columns are different, equal or not.
    duplicate_pairs : iterable of (case, case)
        Cases that show the same image. A case that is not in `cases` still ties the two that
        it is paired with.

    Returns
    -------
    Groups
        In the order of `cases`.
    """
    names = pd.Index(cases.index.astype(str))
    links = _links(cases, names, duplicate_pairs)
    nodes = names.append(pd.Index(links["case"]).difference(names))
    component = _components(nodes.get_indexer(links["case"]), links["link"].to_numpy(), len(nodes))
    smallest = pd.Series(names, index=names).groupby(component[: len(names)]).transform("min")
    largest_first = links[links["link"].duplicated(keep=False)].reset_index(drop=True)
    return Groups(pd.Series(smallest.to_numpy(), index=names, name="group", dtype="str"), largest_first)


def _links(
    cases: pd.DataFrame, names: "pd.Index[str]", duplicate_pairs: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """Return every link of every kind with the cases it ties."""
    pairs = [(str(a), str(b)) for a, b in duplicate_pairs if str(a) != str(b)]
    tied = [case for pair in pairs for case in pair]
    duplicates = {"kind": "duplicate", "link": np.repeat(np.arange(len(pairs)), 2), "case": tied}
    parts, offset = [pd.DataFrame(duplicates)], len(pairs)
    for column in cases.columns:
        if not ties_cases(str(column)):
            continue
        codes, levels = pd.factorize(cases[column])
        known = codes >= 0
        kind = str(column).removeprefix(_EXTRA_PREFIX)
        parts.append(pd.DataFrame({"kind": kind, "link": codes[known] + offset, "case": names[known]}))
        offset += len(levels)
    return pd.concat(parts, ignore_index=True).astype({"kind": "str", "link": "int64", "case": "str"})


def _components(case_nodes: IntArray, links: IntArray, n_cases: int) -> IntArray:
    """Return the component of each case in the graph that has cases and links as its nodes."""
    n_nodes = n_cases + (int(links.max()) + 1 if len(links) else 0)
    edges = (np.ones(len(links), dtype=np.int8), (case_nodes, links + n_cases))
    graph = coo_array(edges, shape=(n_nodes, n_nodes))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component[:n_cases], dtype=np.int64)


def _example_pairs(links: pd.DataFrame, count: int) -> tuple[tuple[str, str, str], ...]:
    """Return pairs of cases that one link ties across sides; the kinds take turns."""
    first = links.groupby("link")[["case", "side"]].transform("first")
    other = links.assign(partner=first["case"])[links["side"] != first["side"]]
    other = other.drop_duplicates("link")
    turn = other.groupby("kind").cumcount()
    chosen = other.assign(turn=turn).sort_values(["turn", "kind"]).head(count)
    return tuple(zip(chosen["kind"], chosen["partner"], chosen["case"], strict=True))
