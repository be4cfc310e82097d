"""Metadata of the distribution; tools are configured in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

EXTRAS = {
    "archives": ["ribs>=0.8"],
    "cluster": ["dask>=2025.1", "dask-jobqueue>=0.9", "distributed>=2025.1"],
    "onnx": ["onnx>=1.17", "onnxruntime>=1.20"],
    "rl": ["gymnasium>=1.0"],
    "studio": ["mjviser>=0.0.14", "viser>=1.0"],
    "tables": ["pyarrow>=16.0"],
    "tensorboard": ["tensorboard>=2.14"],
    "video": ["imageio>=2.34", "imageio-ffmpeg>=0.5"],
}

setup(
    name="codesign",
    version="0.1.0",
    description="Evolve robot bodies with controllers that need no training",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=find_packages(include=["codesign*", "hyperdistill_core*", "morph_ops*"]),
    package_data={
        "hyperdistill_core.controller.checkpoints": ["*.safetensors", "*.md"],
        "codesign.config": ["presets/*.toml"],
    },
    install_requires=[
        "click>=8.1",
        "deap>=1.4.1",
        "matplotlib>=3.8",
        "mjbatch==0.1.4",
        "mujoco==3.14.0",
        "networkx>=3.2",
        "numpy>=2.0",
        "pydantic>=2.6",
        "rich>=13.7",
        "safetensors>=0.4",
        "torch>=2.4,<2.14",
    ],
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["codesign = codesign.cli:main"]},
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Life",
    ],
)
