"""The wheel and the source distribution install, and work away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCES = ("codesign", "hyperdistill_core", "morph_ops")
PROJECT_FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
DATA = {".toml", ".safetensors", ".md", ".typed", ".sql"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the two distributions; the wheel is built from the source distribution."""
    # A copy: a build leaves files beside the sources.
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", *SOURCES, *PROJECT_FILES],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    out = copy / "dist"
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)], copy)
    return out


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the installed wheel; its dependencies are those of this environment."""
    [wheel] = built.glob("*.whl")
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(target)]
    run([sys.executable, "-m", "pip", "install", *options, str(wheel)], built)
    return target


def run(command: list[str], folder: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def data_files() -> set[str]:
    """Data files of the packages, as their names are in a wheel."""
    found = {
        str(file.relative_to(ROOT))
        for package in SOURCES
        for file in (ROOT / package).rglob("*")
        if file.suffix in DATA or file.name == "py.typed"
    }
    # A teacher that only the repository keeps.
    return found - {"hyperdistill_core/controller/checkpoints/flat-v0/teacher.safetensors"}


def test_both_distributions_have_the_data_files(built):
    [wheel] = built.glob("*.whl")
    [source] = built.glob("*.tar.gz")
    assert len(data_files()) > 15
    assert data_files() <= set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(source) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert data_files() <= names
    assert set(PROJECT_FILES) <= names


def test_the_wheel_has_the_packages_alone(built):
    [wheel] = built.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(SOURCES)


@pytest.fixture
def codesign(installed, tmp_path):
    """Run the installed command in an empty folder; the checkout is out of reach."""

    def call(*arguments: str) -> str:
        program = (
            "import sys, pathlib, codesign;"
            f"assert pathlib.Path(codesign.__file__).is_relative_to({str(installed)!r});"
            "from codesign.cli import main; main(sys.argv[1:])"
        )
        return run([sys.executable, "-c", program, *arguments], tmp_path, PYTHONPATH=str(installed))

    return call


def test_the_installed_command_runs_a_campaign(codesign, tmp_path):
    assert "flat-v2" in codesign("controller", "list").splitlines()
    options = ("--workers", "1", "--set", "episodes=1", "--out", "run")
    assert "Best designs" in codesign("evolve", "--preset", "tiny", *options)
    assert "finished" in codesign("status", "run")
    assert (tmp_path / "run" / "designs" / "design-01" / "run_standalone.py").exists()


def test_the_entry_points_are_there(installed, tmp_path):
    assert (installed / "bin" / "codesign").exists()
    command = [sys.executable, "-m", "codesign", "--version"]
    assert "codesign, version " in run(command, tmp_path, PYTHONPATH=str(installed))
