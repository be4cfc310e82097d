"""Tests of morph_ops.operators."""
