"""What is used where nothing is named; importing it costs nothing."""

#: A controller that ships (:mod:`hyperdistill_core.checkpoints`).
CONTROLLER = "flat-v2"
