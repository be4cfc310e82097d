"""Evaluation of controllers: how well they move bodies, and whether their scores rank bodies.

``evaluation`` runs many bodies under one controller, ``splits`` and ``variations`` make the bodies,
``calibration`` compares scores before and after training each body, and ``statistics`` holds the
confidence intervals and rank correlations that all reports use.
"""
