"""Who descends from whom: a graph, and the phylogeny table of the ALife data standards.

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

#: The standard's own columns, then ours; all but the first two are attributes of a node.
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
#: Ancestors of a starting body, in the standard's way of writing.
NO_ANCESTOR = "[none]"


def phylogeny(run: str | Path | Database) -> nx.DiGraph[str]:
    """The family tree of a run: an edge from every parent to its child.

    Time is counted in generations. A body comes into existence with the generation that it is
    bred in, and goes out of existence in the first one at whose end it is not kept.

    Args:
        run: folder of a run, or its database.

    Returns:
        A graph of the numbers of all candidates, in order. Attributes of a node are
        ``number``, ``origin_time`` and ``generation``, the same; ``destruction_time``, None
        for a body that was kept to the last or of which that is not known; ``taxon_label``,
        what files call it; ``operator``, ``score``, ``status``, ``hash``, ``duplicate_of``, None
        for all but copies, and ``variant``, that of the controller of the body. Predecessors are
        in the order of parents.

    Raises:
        UsageError: ``run`` is no run folder, or its database cannot be read.
    """
    opened = (
        nullcontext(run)
        if isinstance(run, Database)
        else RunFolder(Path(run)).database(read_only=True)
    )
    graph = nx.DiGraph()
    with opened as database:
        ends = _destruction_times(database)
        columns, rows = database.table("candidates")
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        row["variant"] = json.loads(row["record"]).get("variant", 0)
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


def to_csv(graph: nx.DiGraph[str]) -> str:
    """A family tree as the standard's table; what is not known is empty.

    Args:
        graph: from :func:`phylogeny`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, known in graph.nodes.items():
        ancestors = list(graph.predecessors(number))
        listed = json.dumps(ancestors) if ancestors else NO_ANCESTOR
        writer.writerow([number, listed, *(known[name] for name in COLUMNS[2:])])
    return text.getvalue()


def _destruction_times(database: Database) -> dict[int, int]:
    """The first generation at whose end a body was not kept, where that is known."""
    # A generation that ends between the two reads is one of which nobody is known to be gone.
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
