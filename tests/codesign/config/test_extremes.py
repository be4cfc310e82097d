"""Settings of strangers: huge numbers and deep nesting end in one line, and allocate nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesign.config import Settings, load
from codesign.errors import WRONG_INPUT, UsageError
from hyperdistill_core.errors import SettingsError
from tests.helpers.hangs import no_hang

HUGE = {
    "time_limit=1e308": "time_limit: expected at most 1000000",
    "population=1000000000000": "population: expected at most 1000000, got 1000000000000",
    "generations=1000000": "generations: expected at most 10000000 candidates",
    "episodes=1000000000": "episodes: expected at most 100000",
    "workers=100000": "workers: expected at most 4096",
    "seed=99999999999999999999": "seed: expected at most 9223372036854775807",
    "rates.operators.gear=1e308": "gear: expected a weight of at most 1e",
    f"rates.operators.gear={'9' * 4000}": "gear: expected a weight of at most 1e",
    f"rates.operators.gear=0x{'f' * 5000}": "an integer of more digits than can be shown",
    f"seed={'9' * 5000}": "seed: expected an integer",
    f"seed={'[' * 5000}": "seed: expected an integer",
}


@pytest.mark.parametrize("assignment", HUGE, ids=lambda text: text[:30])
def test_a_huge_number_is_one_short_line(assignment: str) -> None:
    with pytest.raises(SettingsError, match=HUGE[assignment]) as caught:
        load(preset="quickstart", assignments=[assignment])
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_an_archive_that_no_memory_holds_is_refused() -> None:
    names = ["limbs", "height", "mass", "depth"]
    with pytest.raises(SettingsError, match="expected at most 1000000 cells of the archive"):
        Settings(algorithm="map_elites", bins=1000, descriptors=names[:3])


@pytest.mark.parametrize(
    ("text", "message"),
    [("x = " + "[" * 5000, "nested too deeply"), ("seed = " + "9" * 5000, "not valid TOML")],
)
def test_a_toml_file_that_python_cannot_parse(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load(file=file)
    assert len(str(caught.value)) < 300 + len(str(file))


def test_the_files_that_broke_end_in_one_line(reference: Path) -> None:
    files = sorted((reference / "cases" / "attack" / "toml-numbers").glob("*.toml"))
    if not files:
        pytest.skip(f"no cases in {reference}: set CODESIGN_REFERENCE to its folder")
    for file in files:
        with pytest.raises(WRONG_INPUT, match=r"^[^\n]{1,400}$"):
            load(file=file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"seed = [{'1,' * 2_000_000}]", r"expected at most 0\.2 MB, got a larger file"),
        (f"seed = [{'1,' * 99_000}]", r"seed: expected an integer, got \[1, 1"),
        (f"tasks = [{'1,' * 99_000}]", "and 98991 more problems$"),
        (
            "\n".join(f"k{n} = 1" for n in range(15_000)),
            "no setting 'k9'.*: and 14990 more problems$",
        ),
        (f"{'k' * 190_000} = 1", "no setting 'kkkk"),
        (f"{'.'.join('a' * 90_000)} = 1", "at most 250 dots in a line, got 89999 in line 1"),
    ],
    ids=["large", "numbers", "tasks", "keys", "a long key", "a dotted key"],
)
def test_a_file_of_very_many_words_is_refused_soon_and_shortly(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(text)
    with no_hang(), pytest.raises(WRONG_INPUT, match=message) as caught:
        load(file=file)
    assert len(str(caught.value)) < 8000
    assert "\n" not in str(caught.value)
