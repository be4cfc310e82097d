"""What is used where nothing is named; importing it costs nothing."""

#: A controller that ships (:mod:`hyperdistill_core.controller.checkpoints`).
CONTROLLER = "flat-v2"
#: Variants that are tried of a robot of the user's own, of a controller that has so many.
BEST_OF = 8
