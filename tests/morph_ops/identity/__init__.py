"""Tests of morph_ops.identity."""
