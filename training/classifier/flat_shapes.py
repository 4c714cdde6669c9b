"""Outlines of the flat shapes: polygons in [-1, 1] squared, y down, upright, as layers of (points, slot).

Slot 1 is the main colour, 2 an accent, 0 cuts a hole through which the background shows.
"""

import numpy as np
from numpy.random import Generator

Layer = tuple[np.ndarray, int]
MAIN, ACCENT, HOLE = 1, 2, 0


def arc(radius: float = 1.0, start: float = 0.0, end: float = 2 * np.pi, centre=(0.0, 0.0), steps: int = 40) -> np.ndarray:
    """Points on a circle from one angle to another."""
    angles = np.linspace(start, end, steps)
    return np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], 1)


def regular(corners: int) -> np.ndarray:
    """A regular polygon with one corner up."""
    return arc(1, -np.pi / 2, 1.5 * np.pi, steps=corners + 1)[:-1]


def circle(_rng: Generator) -> list[Layer]:
    return [(arc(), MAIN)]


def triangle(rng: Generator) -> list[Layer]:
    corners = regular(3) + rng.uniform(-0.18, 0.18, (3, 2))
    return [(corners, MAIN)]


def square(_rng: Generator) -> list[Layer]:
    return [(regular(4), MAIN)]


def pentagon(_rng: Generator) -> list[Layer]:
    return [(regular(5), MAIN)]


def hexagon(_rng: Generator) -> list[Layer]:
    return [(regular(6), MAIN)]


def star(rng: Generator) -> list[Layer]:
    tips = 5 if rng.random() < 0.75 else int(rng.integers(6, 9))
    points = arc(1, -np.pi / 2, 1.5 * np.pi, steps=2 * tips + 1)[:-1]
    points[1::2] *= rng.uniform(0.35, 0.55)
    return [(points, MAIN)]


def heart(rng: Generator) -> list[Layer]:
    t = np.linspace(0, 2 * np.pi, 60)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return [(np.stack([x, y * rng.uniform(0.9, 1.1)], 1) / 16.5, MAIN)]


def crescent(rng: Generator) -> list[Layer]:
    depth, bite = rng.uniform(0.35, 0.6), rng.uniform(0.8, 0.95)
    # The two circles intersect at the horns; the angles follow from the distance of their centres.
    cosine = (1 + depth ** 2 - bite ** 2) / (2 * depth)
    horn = np.arccos(np.clip(cosine, -1, 1))
    outer = arc(1, horn, 2 * np.pi - horn)
    height, width = np.sin(horn), np.cos(horn) - depth
    inner_angle = np.arctan2(height, width)
    inner = arc(bite, 2 * np.pi - inner_angle, inner_angle, centre=(depth, 0))
    return [(np.concatenate([outer, inner]), MAIN)]


def cross(rng: Generator) -> list[Layer]:
    w = rng.uniform(0.18, 0.4)
    points = [(-w, -1), (w, -1), (w, -w), (1, -w), (1, w), (w, w), (w, 1), (-w, 1), (-w, w), (-1, w), (-1, -w), (-w, -w)]
    return [(np.array(points), MAIN)]


def ring(rng: Generator) -> list[Layer]:
    return [(arc(), MAIN), (arc(rng.uniform(0.5, 0.85)), HOLE)]


def arrow(rng: Generator) -> list[Layer]:
    head, shaft, neck = rng.uniform(0.45, 0.8), rng.uniform(0.12, 0.3), rng.uniform(-0.15, 0.35)
    points = [(-1, -shaft), (neck, -shaft), (neck, -head), (1, 0), (neck, head), (neck, shaft), (-1, shaft)]
    return [(np.array(points), MAIN)]


def half_disc(_rng: Generator) -> list[Layer]:
    return [(arc(1, 0, np.pi) - [0, 0.42], MAIN)]


OUTLINES = {
    'circle': circle, 'triangle': triangle, 'square': square, 'pentagon': pentagon, 'hexagon': hexagon, 'star': star,
    'heart': heart, 'crescent': crescent, 'cross': cross, 'ring': ring, 'arrow': arrow, 'half disc': half_disc,
}
MAY_BE_HOLLOW = frozenset({'triangle', 'square', 'pentagon', 'hexagon', 'star', 'heart', 'cross', 'arrow'})
"""Shapes that keep their label when only the contour is drawn. A hollow circle would be a ring."""
