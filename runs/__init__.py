"""Presets of campaigns; every other folder here is a run."""
