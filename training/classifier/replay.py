"""Batches of fresh pictures and of earlier ones that come back mirrored, turned or in other colours."""

from functools import lru_cache

import numpy as np
from numpy.random import Generator

from .labels import LABELS
from .render import draw
from .symbols import UPRIGHT

WINDOW = 12_000
"""How many pictures back a picture may come from; about 90 to 150 MB."""
_MAY_BE_TURNED = tuple(label not in UPRIGHT for label in LABELS)


class Replay:
    """Batches that depend on the seed and the number of pictures so far alone, so that a resumed run sees the same."""

    def __init__(self, seed: int, fresh: int, replayed: int):
        self.seed, self.fresh, self.replayed = seed, fresh, replayed
        # A picture that is no longer kept is drawn once more: the result does not depend on the cache.
        self._draw = lru_cache(maxsize=WINDOW)(lambda index, size: draw('training', index, size))

    def batch(self, drawn: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """(pictures uint8 [n, size, size, 3], labels int64 [n]) when ``drawn`` pictures were fresh before."""
        rng = np.random.default_rng((self.seed, drawn))
        parts = [self._draw(drawn + n, size) for n in range(self.fresh)]
        if drawn > 0:
            earlier = rng.integers(max(0, drawn - WINDOW + self.fresh), drawn, self.replayed)
            parts += [_changed(rng, *self._draw(int(index), size)) for index in earlier]
        return np.stack([picture for picture, _ in parts]), np.array([label for _, label in parts], np.int64)


def _changed(rng: Generator, picture: np.ndarray, label: int) -> tuple[np.ndarray, int]:
    """The picture mirrored, turned by quarters unless it has an up side, its colour channels exchanged."""
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    if _MAY_BE_TURNED[label]:
        picture = np.rot90(picture, int(rng.integers(4)))
    if rng.random() < 0.8:
        picture = picture[..., rng.permutation(3)]
    return picture, label
