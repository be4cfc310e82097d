"""Fingerprints of machines that must give equal scores."""

from __future__ import annotations

from codesign.scoring.fingerprint import LIBRARIES, fingerprint


def test_a_fingerprint_has_the_code_the_libraries_and_the_controller(tiny_controller):
    found = fingerprint(tiny_controller)
    assert set(LIBRARIES) <= set(found)
    assert found == fingerprint(tiny_controller)
    assert len(found[f"controller {tiny_controller}"]) == 12


def test_another_file_and_a_missing_one_are_differences(tiny_controller, tmp_path):
    file = tmp_path / "copy.safetensors"
    assert fingerprint(file)[f"controller {file}"] == "no such file"
    file.write_bytes(tiny_controller.read_bytes() + b" ")
    before = fingerprint(tiny_controller)[f"controller {tiny_controller}"]
    assert fingerprint(file)[f"controller {file}"] != before
