"""Controllers by name, and the number of variants to try."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codesign import defaults
from codesign.errors import UsageError
from codesign.scoring import load_controller, resolve_best_of
from codesign.scoring.controllers import find_controller


def test_the_default_controller_has_the_default_number_of_variants():
    assert load_controller(defaults.CONTROLLER).n_variants >= defaults.BEST_OF


def test_the_default_number_of_variants_is_that_of_the_controller_at_most(variant_controller):
    controller = load_controller(variant_controller)
    assert controller.n_variants < defaults.BEST_OF
    assert resolve_best_of(controller, None) == controller.n_variants
    assert resolve_best_of(controller, 2) == 2
    assert resolve_best_of(replace(controller, variants=None), None) == 1


@pytest.mark.parametrize("wanted", [0, 5])
def test_a_controller_must_have_the_variants(variant_controller, wanted):
    controller = load_controller(variant_controller)
    with pytest.raises(UsageError, match=rf"best_of: expected 1 \.\. 4, .* got {wanted}"):
        resolve_best_of(controller, wanted)


def test_a_file_that_is_no_controller_is_refused(tmp_path):
    file = tmp_path / "text.safetensors"
    file.write_text("no controller")
    with pytest.raises(UsageError, match="text"):
        load_controller(file)
    assert find_controller(file) == file
