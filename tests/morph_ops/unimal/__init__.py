"""Tests of morph_ops.unimal."""
