"""The packages have no import cycles between files, at import time or later."""

from __future__ import annotations

import grimp
import networkx as nx

PACKAGES = ("codesign", "hyperdistill_core", "morph_ops")


def test_files_import_each_other_without_cycles():
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    imports = nx.DiGraph(
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )
    cycles = [
        sorted(names) for names in nx.strongly_connected_components(imports) if len(names) > 1
    ]
    assert imports.number_of_edges() > 500, "the imports of all files were found"
    assert cycles == []
