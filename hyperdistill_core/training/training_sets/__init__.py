"""training_sets."""
