"""Tests of morph_ops.geometry."""
