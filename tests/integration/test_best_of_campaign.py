"""A campaign that selects the best of several variants of each body."""

from __future__ import annotations

import numpy as np
import pytest

from codesign.campaign import run
from codesign.config import Settings
from codesign.errors import UsageError
from codesign.exporting import export_run
from codesign.scoring import ScoringPool
from codesign.store import RunFolder


@pytest.mark.slow
def test_a_campaign_with_best_of_is_the_same_on_any_number_of_workers(variant_controller, tmp_path):
    values = {"population": 6, "generations": 1, "episodes": 1, "best_of": 3, "in_flight": 3}
    values |= {
        "reevaluation_episodes": 2,
        "finalists": 2,
        "top": 2,
        "controller": str(variant_controller),
    }
    rows = []
    for name, workers in (("alone", 0), ("two", 2)):
        settings = Settings.from_dict({**values, "workers": workers})
        folder = RunFolder.create(tmp_path / f"{name}-run", settings)
        with folder.database() as database:
            with ScoringPool.of_campaign(settings) as pool:
                run(settings, database=database, pool=pool)
            found = [(c.hash, c.result.variant, c.score) for c in database.candidates()]
            best = database.best(2)
            records = [c.reevaluation for c in best if c.reevaluation]
            assert len(records) == len(best)
            same = [r.variant == c.result.variant for r, c in zip(records, best, strict=True)]
            rows.append((found, same))
            export_run(folder, database, tmp_path / name)
            for rank, record in enumerate(records, start=1):
                with np.load(
                    tmp_path / name / f"design-{rank:02d}" / f"design-{rank:02d}.npz"
                ) as arrays:
                    assert int(arrays["variant"]) == record.variant
    assert rows[0] == rows[1]
    assert all(rows[0][1])
    assert len({variant for _, variant, _ in rows[0][0]}) > 1
    settings = Settings.from_dict({**values, "controller": "flat-v0", "best_of": 1, "workers": 0})
    other = RunFolder.create(tmp_path / "other-run", settings)
    with (
        RunFolder(tmp_path / "alone-run").database() as database,
        pytest.raises(UsageError, match="not the one that scored this run"),
    ):
        export_run(other, database, tmp_path / "other")
