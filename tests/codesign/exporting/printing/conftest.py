"""Parts of one body, which tests only read."""

from __future__ import annotations

import numpy as np
import pytest

from morph_ops.sampling import sample_body

manifold3d = pytest.importorskip("manifold3d", reason="print needs codesign[print]")


@pytest.fixture(scope="session")
def walker():
    """A body with a knuckle, and two limbs in one place."""
    return sample_body(np.random.default_rng(11))


@pytest.fixture(scope="session")
def parts_of_walker(walker):
    """Its printable parts with the usual settings."""
    from codesign.exporting.printing.parts import printed
    from codesign.exporting.printing.settings import PrintSettings

    return printed(walker, PrintSettings())
