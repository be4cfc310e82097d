"""Tests of morph_ops.validity."""
