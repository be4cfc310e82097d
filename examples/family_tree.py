"""Draw the family tree of a run: all candidates by score, and the lineages of its best ones.

    python examples/family_tree.py RUN [--out PICTURE.png] [--top 5]

Every dot is a candidate. The lineage of a best design is a line through its ancestors by first
parents, with one color for each starting body.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import networkx as nx
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from codesign.errors import WRONG_INPUT
from codesign.exporting import phylogeny
from codesign.store import RunFolder
from morph_ops._messages import one_line

DPI = 120
PALETTE = "tab10"
LOWEST_SHARE = 0.1


def lineage(tree: nx.DiGraph[int], number: int) -> list[int]:
    """A candidate and its ancestors by first parents, back to a starting body."""
    line = [number]
    while parents := list(tree.predecessors(line[-1])):
        line.append(parents[0])
    return line


def draw(axes: Axes, tree: nx.DiGraph[int], best: list[int]) -> int:
    """Draw the candidates and the lineages of ``best``; the number of their starting bodies."""
    scores = nx.get_node_attributes(tree, "score")
    axes.scatter(list(scores), list(scores.values()), s=3, color="0.75", linewidths=0)
    lineages = [lineage(tree, number) for number in best]
    founders = list(dict.fromkeys(line[-1] for line in lineages))
    colors = colormaps[PALETTE]
    for line in reversed(lineages):  # the best one is on top
        color = colors(founders.index(line[-1]) % colors.N)
        axes.plot(line, [scores[n] for n in line], color=color, linewidth=1.2, marker="o", ms=3)
    top = max(scores.values())
    axes.set_ylim(-LOWEST_SHARE * top, 1.05 * top)  # unstable bodies are far below
    axes.set_xlabel("candidate")
    axes.set_ylabel("score in the search")
    return len(founders)


def main() -> None:
    """Draw a run, and print the path of the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, default=Path("family_tree.png"))
    parser.add_argument("--top", type=int, default=5)
    options = parser.parse_args()
    try:
        with RunFolder(options.run).database(read_only=True) as database:
            best = [candidate.number for candidate in database.best(options.top)]
        tree = phylogeny(options.run)
    except WRONG_INPUT as error:
        sys.exit(f"error: {one_line(error)}")
    if not best:
        sys.exit(f"error: no candidate of {options.run} simulates yet")
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    founders = draw(figure.subplots(), tree, best)
    figure.suptitle(
        f"{options.run.name}: {len(tree)} candidates; the best {len(best)} descend from "
        f"{founders} of the starting bodies"
    )
    figure.savefig(options.out, dpi=DPI)
    print(options.out)


if __name__ == "__main__":
    main()
