"""Labels of the classifier: 40 kinds of drawn images in four groups. The order is that of the network's output."""

SHAPES = ('circle', 'triangle', 'square', 'pentagon', 'hexagon', 'star', 'heart', 'crescent', 'cross', 'ring',
          'arrow', 'half disc')
SYMBOLS = ('house', 'lightning bolt', 'drop', 'cloud', 'gear', 'flower', 'spiral', 'key', 'smiley', 'umbrella')
SOLIDS = ('ball', 'cube', 'cylinder', 'cone', 'pyramid', 'torus')
TEXTURES = ('checkerboard', 'stripes', 'polka dots', 'bricks', 'honeycomb', 'zigzag', 'wood grain', 'marble',
            'cobblestones', 'basket weave', 'wire grid', 'ripples')

LABELS = SHAPES + SYMBOLS + SOLIDS + TEXTURES
GROUPS = {'shapes': SHAPES, 'symbols': SYMBOLS, 'solids': SOLIDS, 'textures': TEXTURES}
