"""Defaults that the command line, the settings and the Python functions share.

Importing this module costs nothing.
"""

#: Name of a controller that ships (:mod:`hyperdistill_core.controller.checkpoints`).
CONTROLLER = "flat-v3"
#: Name of the task (:mod:`hyperdistill_core.tasks`).
TASK = "flat"
#: Episodes of a score.
EPISODES = 8
#: Controller variants tried on a single robot, if the controller has so many.
BEST_OF = 8
#: Longest time that the scoring of a body may take (s).
TIME_LIMIT = 300.0
