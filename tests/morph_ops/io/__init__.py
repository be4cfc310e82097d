"""Tests of morph_ops.io."""
