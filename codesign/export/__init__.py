"""Designs as files that need nothing of this project: to simulate, to build on, to publish.

``mjcf`` is a scene with floor and light for any MuJoCo, ``json`` the project's own format,
``npz`` the controller of that one body as plain arrays, with ``run_design.py`` to run both.
"""

from codesign.export.designs import FORMATS, Design, Motion, export_designs, export_run

__all__ = ["FORMATS", "Design", "Motion", "export_designs", "export_run"]
