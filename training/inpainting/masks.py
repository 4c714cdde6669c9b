"""Random holes: thin and wide strokes, boxes."""

import math

import cv2
import numpy as np

MIN_SHARE, MAX_SHARE = 0.04, 0.5


def random_mask(size: int, random: np.random.Generator, only_thin: bool = False) -> np.ndarray:
    """[size,size] uint8, 1 = hole: 40 % thin strokes, 40 % wide ones, 20 % boxes; 4 to 50 % of the area."""
    for _ in range(20):
        kind = 0.0 if only_thin else random.random()
        if kind < 0.4:
            mask = _strokes(size, random, count=(2, 6), width=(3, 16), length=(15, 60), corners=(2, 7))
        elif kind < 0.8:
            mask = _strokes(size, random, count=(1, 3), width=(16, 52), length=(20, 70), corners=(1, 5))
        else:
            mask = _boxes(size, random)
        if MIN_SHARE < mask.mean() < MAX_SHARE:
            break
    return mask


def _strokes(size: int, random: np.random.Generator, *, count: tuple[int, int], width: tuple[int, int],
             length: tuple[int, int], corners: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(random.integers(count[0], count[1] + 1)):
        x, y = random.uniform(-0.1, 1.1, 2) * size
        angle, thickness = random.uniform(0, 2 * math.pi), int(random.uniform(*width))
        for _ in range(random.integers(corners[0], corners[1] + 1)):
            angle += random.uniform(-1.1, 1.1)
            step = random.uniform(*length)
            next_x, next_y = x + step * math.cos(angle), y + step * math.sin(angle)
            cv2.line(mask, (int(x), int(y)), (int(next_x), int(next_y)), 1, thickness)
            cv2.circle(mask, (int(next_x), int(next_y)), thickness // 2, 1, -1)
            x, y = next_x, next_y
    return mask


def _boxes(size: int, random: np.random.Generator) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    for _ in range(random.integers(1, 3)):
        height, width = random.integers(20, 100, 2)
        top, left = random.integers(-10, size - 15, 2)
        mask[max(0, top):top + height, max(0, left):left + width] = 1
    return mask
