"""The family tree of a run: a graph, and the phylogeny table of the ALife data standards.

Source: https://alife-data-standards.github.io/alife-data-standards/phylogeny.html
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import nullcontext
from pathlib import Path

import networkx as nx

from codesign.store import Database, RunFolder

#: Columns of the table: first those of the standard, then ours. All but the first two are
#: attributes of a node of the graph.
COLUMNS = (
    "id",
    "ancestor_list",
    "origin_time",
    "destruction_time",
    "taxon_label",
    "generation",
    "operator",
    "score",
    "status",
    "hash",
    "duplicate_of",
    "variant",
)
#: The ancestors of a starting body, as the standard writes them.
NO_ANCESTOR = "[none]"


def phylogeny(run: str | Path | Database) -> nx.DiGraph[int]:
    """The family tree of a run: an edge from every parent to its child.

    Time counts in generations. A body originates in the generation of its candidate, and is
    destroyed in the first generation at whose end the algorithm no longer keeps it.

    Args:
        run: A run folder, or the database of a run.

    Returns:
        A graph over the numbers of all candidates, in order. The attributes of a node are

        ==================== =================================================================
        ``number``           the node itself
        ``origin_time``      the generation, as ``generation``
        ``destruction_time`` the end of the body; None if the algorithm keeps it to the end of
                             the run, or if membership is unknown
        ``taxon_label``      the name of the candidate in files
        ``operator``         the operator that made the body
        ``score``            the score in the search
        ``status``           the status of the score record
        ``hash``             the hash of the body
        ``duplicate_of``     the candidate whose score it has; None if it was scored itself
        ``variant``          the controller variant
        ==================== =================================================================

        The predecessors of a node are in the order of its parents.

    Raises:
        UsageError: ``run`` is not a run folder, or its database cannot be read.

    Examples:
        >>> tree = phylogeny("runs/walk")  # doctest: +SKIP
        >>> best = max(tree, key=lambda number: tree.nodes[number]["score"])  # doctest: +SKIP
        >>> sorted(nx.ancestors(tree, best))  # doctest: +SKIP
        [3, 17, 29, 54]
    """
    opened = (
        nullcontext(run)
        if isinstance(run, Database)
        else RunFolder(Path(run)).database(read_only=True)
    )
    graph: nx.DiGraph[int] = nx.DiGraph()
    with opened as database:
        ends = _destruction_times(database)
        columns, rows = database.table("candidates")
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        number, generation = row["number"], row["generation"]
        graph.add_node(
            number,
            number=number,
            origin_time=generation,
            destruction_time=ends.get(number),
            taxon_label=f"candidate-{number:05d}",
            generation=generation,
            **{name: row[name] for name in COLUMNS[6:]},
        )
        graph.add_edges_from((parent, number) for parent in json.loads(row["parents"]))
    return graph


def to_csv(graph: nx.DiGraph[int]) -> str:
    """The family tree as the table of the standard; unknown values are empty.

    Args:
        graph: A graph from :func:`phylogeny`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, attributes in graph.nodes.items():
        ancestors = list(graph.predecessors(number))
        ancestor_list = json.dumps(ancestors) if ancestors else NO_ANCESTOR
        writer.writerow([number, ancestor_list, *(attributes[name] for name in COLUMNS[2:])])
    return text.getvalue()


def _destruction_times(database: Database) -> dict[int, int]:
    """The first generation at whose end a body was not kept, for bodies where that is known."""
    # A generation may end between the two reads; its membership must not count.
    newest = max((e.generation or 0 for e in database.events("generation")), default=-1)
    until = database.kept_until()
    if not until:
        return {}
    ends = {
        number: until.get(number, generation)
        for number, generation in database.origins()
        if number in until or generation <= newest
    }
    return {number: end for number, end in ends.items() if end is not None}
