"""The studio: design a robot by hand, with its score and its gait at once."""
