from setuptools import setup

setup()  # the metadata is in pyproject.toml; some tools still ask for this file
