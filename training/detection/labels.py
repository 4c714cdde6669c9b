"""What the detector finds: eight kinds of drawn figures. The order is the network's output order."""

LABELS = ('circle', 'ring', 'triangle', 'rectangle', 'star', 'cross', 'checkerboard', 'stripes')
PATTERNED = frozenset({'checkerboard', 'stripes'})
"""Their parts are a fraction of the figure, so they are drawn from twice the smallest size on."""
