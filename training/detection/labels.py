"""Labels of the detector: eight kinds of drawn figures. The order is that of the network's output."""

LABELS = ('circle', 'ring', 'triangle', 'rectangle', 'star', 'cross', 'checkerboard', 'stripes')
PATTERNED = frozenset({'checkerboard', 'stripes'})
"""Patterned figures have small parts, so they are drawn at twice the minimum size or larger."""
