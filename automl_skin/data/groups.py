"""Groups: the connected components of patient, lesion and (near-)duplicate image.

A *link* is anything that ties cases together: one patient id, one lesion id, one id of a column
that the user named, or one pair of duplicate images. Links are kept with their kind, so that a
split that cuts groups can say what it cuts. A missing id is not a link: such a case stands alone
unless something else ties it.

A near-duplicate is a resemblance and may be mistaken, and few mistakes make one giant group of large ones: 400 random
pairs among 10,000 photographs of 500 patients tie 63 % of them. So two components of `MIN_LARGE` cases or more
(by ids and copies) are joined by near-duplicates only if two pairs without a case in common say so. Simulated in that
setting, the largest group then has 0.3 % of the cases. What was not followed is kept, and reported.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from automl_skin.arrays import BoolArray, IntArray
from automl_skin.data.roles import ties_cases

MIN_LARGE = 5
"""Cases of a component that no single near-duplicate ties to another one as large."""

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
    not_followed : tuple of (case, case)
        Near-duplicates between two large components that too little else ties: each may be in another group.
    """

    ids: "pd.Series[str]"
    links: pd.DataFrame
    not_followed: tuple[tuple[str, str], ...] = ()

    @property
    def sizes(self) -> "pd.Series[int]":
        """Group -> number of cases, the largest first."""
        return self.ids.value_counts(sort=True)

    def describe_ties(self, group: str) -> str:
        """Return by how many links of which kind a group is tied, the most frequent kind first."""
        links = self.links[self.links["case"].map(self.ids) == group]
        by_kind = links.groupby(["kind", "link"]).size().groupby("kind").agg(["size", "max"])
        return " and ".join(
            f"{int(each['size']):,} x {kind} (of up to {int(each['max']):,} cases)"
            for kind, each in by_kind.sort_values("size", ascending=False).iterrows()
        )

    def only(self, cases: "pd.Index[str]") -> "Groups":
        """Return the groups of some cases; groups keep their names, and others still tie them."""
        return Groups(self.ids.loc[cases], self.links, self.not_followed)

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


def connected_groups(
    cases: pd.DataFrame,
    near_duplicates: Iterable[tuple[str, str]] = (),
    copies: Iterable[tuple[str, str]] = (),
) -> Groups:
    """Join cases that share a patient, a lesion, another named id or an image.

    Parameters
    ----------
    cases : pandas.DataFrame
        Index: case id. Columns that tie cases (``patient``, ``lesion`` and those that begin with ``group_``) are ids;
        other columns are not looked at. Ids of different columns are different, equal or not.
    near_duplicates : iterable of (case, case)
        Cases whose images look the same. A case that is not in `cases` still ties the two that it is paired with.
        Between two components of `MIN_LARGE` cases or more, one pair alone is not followed.
    copies : iterable of (case, case)
        Cases that have the same image for certain, always followed.

    Returns
    -------
    Groups
        In the order of `cases`.
    """
    names = pd.Index(cases.index.astype(str))
    sure = _links(cases, names, copies)
    pairs = _as_pairs(near_duplicates)
    nodes = names.append(pd.Index([*sure["case"], *pairs["a"], *pairs["b"]]).unique().difference(names))
    followed = _are_followed(pairs, _components(sure, nodes), nodes, len(names))
    links = pd.concat(
        [sure, _pair_links(pairs[followed], first=int(sure["link"].max()) + 1 if len(sure) else 0)],
        ignore_index=True,
    )
    component = _components(links, nodes)
    smallest = pd.Series(names, index=names).groupby(component[: len(names)]).transform("min")
    ids = pd.Series(smallest.to_numpy(), index=names, name="group", dtype="str")
    tying = links[links["link"].duplicated(keep=False)].reset_index(drop=True)
    left = pairs[~followed]
    return Groups(ids, tying, tuple(zip(left["a"], left["b"], strict=True)))


def _are_followed(
    pairs: pd.DataFrame, component: IntArray, nodes: "pd.Index[str]", n_cases: int
) -> BoolArray:
    """Return which near-duplicates tie: those of a small component, and those that another pair confirms."""
    sizes = np.bincount(component[:n_cases], minlength=int(component.max(initial=-1)) + 1)
    sides = (
        component[nodes.get_indexer(pd.Index(pairs["a"]))],
        component[nodes.get_indexer(pd.Index(pairs["b"]))],
    )
    # of each pair of components in one order, so that both directions count together
    swapped = sides[0] > sides[1]
    between = pd.DataFrame({"low": np.minimum(*sides), "high": np.maximum(*sides)})
    ends = between.assign(
        in_low=np.where(swapped, pairs["b"], pairs["a"]), in_high=np.where(swapped, pairs["a"], pairs["b"])
    ).groupby(["low", "high"])
    # pairs without a case in common: not all of them end in one case
    confirmed = (ends["in_low"].transform("nunique") > 1) & (ends["in_high"].transform("nunique") > 1)
    small = np.minimum(sizes[sides[0]], sizes[sides[1]]) < MIN_LARGE
    return np.asarray(small | (sides[0] == sides[1]) | confirmed.to_numpy(), dtype=np.bool_)


def _as_pairs(pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return pairs of different cases as columns ``a`` and ``b``."""
    different = [(str(a), str(b)) for a, b in pairs if str(a) != str(b)]
    return pd.DataFrame(different, columns=["a", "b"], dtype="str")


def _pair_links(pairs: pd.DataFrame, first: int = 0) -> pd.DataFrame:
    """Return one link per pair of duplicates, numbered from `first`."""
    numbers = np.repeat(np.arange(len(pairs)) + first, 2)
    links = pd.DataFrame({"kind": "duplicate", "link": numbers, "case": pairs.to_numpy().ravel()})
    return links.astype({"kind": "str", "link": "int64", "case": "str"})


def _links(cases: pd.DataFrame, names: "pd.Index[str]", copies: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return every link of ids and copies with the cases it ties."""
    pairs = _as_pairs(copies)
    parts, offset = [_pair_links(pairs)], len(pairs)
    for column in cases.columns:
        if not ties_cases(str(column)):
            continue
        codes, levels = pd.factorize(cases[column])
        known = codes >= 0
        kind = str(column).removeprefix(_EXTRA_PREFIX)
        parts.append(pd.DataFrame({"kind": kind, "link": codes[known] + offset, "case": names[known]}))
        offset += len(levels)
    return pd.concat(parts, ignore_index=True).astype({"kind": "str", "link": "int64", "case": "str"})


def _components(links: pd.DataFrame, nodes: "pd.Index[str]") -> IntArray:
    """Return the component of each node in the graph of cases and links."""
    numbers = links["link"].to_numpy()
    n_nodes = len(nodes) + (int(numbers.max()) + 1 if len(numbers) else 0)
    edges = (
        np.ones(len(numbers), dtype=np.int8),
        (nodes.get_indexer(pd.Index(links["case"])), numbers + len(nodes)),
    )
    graph = coo_array(edges, shape=(n_nodes, n_nodes))
    _, component = connected_components(graph, directed=False)
    return np.asarray(component[: len(nodes)], dtype=np.int64)


def _example_pairs(links: pd.DataFrame, count: int) -> tuple[tuple[str, str, str], ...]:
    """Return pairs of cases that one link ties across sides; the kinds take turns."""
    first = links.groupby("link")[["case", "side"]].transform("first")
    other = links.assign(partner=first["case"])[links["side"] != first["side"]]
    other = other.drop_duplicates("link")
    turn = other.groupby("kind").cumcount()
    chosen = other.assign(turn=turn).sort_values(["turn", "kind"]).head(count)
    return tuple(zip(chosen["kind"], chosen["partner"], chosen["case"], strict=True))
