"""Report: what a run found, as one page that stands alone."""
