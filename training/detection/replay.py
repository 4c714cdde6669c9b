"""Batches of new scenes and of earlier ones that are repeated mirrored, rotated or with permuted colours."""

from collections import OrderedDict

import numpy as np
from numpy.random import Generator

from .backgrounds import Backgrounds
from .render import DrawnScene, draw_scene

WINDOW = 1500
"""Age limit of repeated scenes, in scenes; takes 230 to 460 MB."""


class Replay:
    """Batches that depend only on the seed and the number of scenes so far, so that a resumed run sees the same
    batches.
    """

    def __init__(self, seed: int, backgrounds: Backgrounds, fresh: int, replayed: int):
        self.seed, self.backgrounds, self.fresh, self.replayed = seed, backgrounds, fresh, replayed
        self._kept: OrderedDict[tuple[int, int], DrawnScene] = OrderedDict()

    def batch(self, drawn: int, size: int) -> list[DrawnScene]:
        """The batch of ``fresh + replayed`` scenes after ``drawn`` new scenes."""
        rng = np.random.default_rng((self.seed, 5, drawn))
        scenes = [self._scene(drawn + n, size) for n in range(self.fresh)]
        if drawn > 0:
            earlier = rng.integers(max(0, drawn - WINDOW + self.fresh), drawn, self.replayed)
            scenes += [changed(rng, self._scene(int(index), size)) for index in earlier]
        return scenes

    def _scene(self, index: int, size: int) -> DrawnScene:
        found = self._kept.get((index, size))
        if found is None:
            # Scenes that are no longer cached are drawn again, so the result does not depend on the cache.
            found = self._kept[index, size] = draw_scene(np.random.default_rng((self.seed, 1, index)), self.backgrounds, size)
            if len(self._kept) > WINDOW:
                self._kept.popitem(last=False)
        return found


def changed(rng: Generator, scene: DrawnScene) -> DrawnScene:
    """Randomly mirrors a scene, rotates it by 90 degrees, and permutes its colour channels."""
    picture, boxes, size = scene.picture, scene.boxes, scene.picture.shape[0]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        boxes = np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], 1)
    if rng.random() < 0.5:
        picture = picture.transpose(1, 0, 2)
        boxes = boxes[:, [1, 0, 3, 2]]
    if rng.random() < 0.5:
        picture = picture[::-1]
        boxes = np.stack([boxes[:, 0], size - boxes[:, 3], boxes[:, 2], size - boxes[:, 1]], 1)
    if rng.random() < 0.8:
        picture = picture[..., rng.permutation(3)]
    if rng.random() < 0.3:
        picture = 255 - picture
    return DrawnScene(picture, boxes, scene.labels)
