"""Batches of new images and of earlier ones that are repeated mirrored, rotated or with permuted colours."""

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from .labels import LABELS
from .render import draw
from .symbols import UPRIGHT

WINDOW = 12_000
"""Age limit of repeated images, in images; takes about 90 to 150 MB."""
_MAY_BE_TURNED = tuple(label not in UPRIGHT for label in LABELS)


class Replay:
    """Batches that depend only on the seed and the number of images so far, so that a resumed run sees the same
    batches.
    """

    def __init__(self, seed: int, fresh: int, replayed: int):
        self.seed, self.fresh, self.replayed = seed, fresh, replayed
        # Images that are no longer cached are drawn again, so the result does not depend on the cache.
        self._draw = lru_cache(maxsize=WINDOW)(lambda index, size: draw('training', index, size))

    def batch(self, drawn: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(images uint8 [n, size, size, 3], labels int64 [n]) after ``drawn`` new images."""
        rng = np.random.default_rng((self.seed, drawn))
        parts = [self._draw(drawn + n, size) for n in range(self.fresh)]
        if drawn > 0:
            earlier = rng.integers(max(0, drawn - WINDOW + self.fresh), drawn, self.replayed)
            parts += [_changed(rng, *self._draw(int(index), size)) for index in earlier]
        return np.stack([picture for picture, _ in parts]), np.array([label for _, label in parts], np.int64)


def _changed(rng: Generator, picture: np.ndarray, label: int) -> tuple[np.ndarray, int]:
    """Mirrors an image, rotates it by multiples of 90 degrees unless its label has an upright orientation, and
    permutes its colour channels.
    """
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    if _MAY_BE_TURNED[label]:
        picture = np.rot90(picture, int(rng.integers(4)))
    if rng.random() < 0.8:
        picture = picture[..., rng.permutation(3)]
    return picture, label
