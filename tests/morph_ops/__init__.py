"""Tests of morph_ops."""
