"""Outlines of the figures, and their coverage of pixels.

An outline is a list of polygons [n, 2] in figure coordinates, each with 1 (filled) or 0 (a hole through which the
background shows).
"""

import cv2
import numpy as np
from numpy.random import Generator

Layer = tuple[np.ndarray, int]
SUBPIXEL_BITS = 4


def _arc(radius: float = 1.0, steps: int = 48) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def _box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def circle(_rng: Generator) -> list[Layer]:
    return [(_arc(), 1)]


def ring(rng: Generator) -> list[Layer]:
    return [(_arc(), 1), (_arc(1 - rng.uniform(0.2, 0.62)), 0)]


def triangle(rng: Generator) -> list[Layer]:
    spread = 0.18 if rng.random() < 0.5 else 0.03
    return [(_arc(steps=3) + rng.uniform(-spread, spread, (3, 2)), 1)]


def rectangle(rng: Generator) -> list[Layer]:
    half = rng.uniform(0.33, 1)
    return [(_box(-1, -half, 1, half), 1)]


def star(rng: Generator) -> list[Layer]:
    tips = int(rng.integers(5, 8))
    if rng.random() < 0.5:
        # The radius falls linearly with the angle between tip and root, so the edges are slightly curved.
        points = _arc(steps=24 * tips)
        position = np.arange(24 * tips) / 12 % 2
        return [(points * (1 - rng.uniform(0.5, 0.65) * np.minimum(position, 2 - position))[:, None], 1)]
    points = _arc(steps=2 * tips)
    points[1::2] *= rng.uniform(0.35, 0.52)
    return [(points, 1)]


def cross(rng: Generator) -> list[Layer]:
    half = rng.uniform(0.17, 0.4)
    return [(_box(-1, -half, 1, half), 1), (_box(-half, -1, half, 1), 1)]


def checkerboard(rng: Generator) -> list[Layer]:
    cells, odd = int(rng.integers(3, 6)), int(rng.integers(2))
    edges = np.linspace(-1, 1, cells + 1)
    return [(_box(edges[i], edges[j], edges[i + 1], edges[j + 1]), 1)
            for i in range(cells) for j in range(cells) if (i + j) % 2 == odd]


def stripes(rng: Generator) -> list[Layer]:
    bars, share = int(rng.integers(3, 6)), rng.uniform(0.4, 0.6)
    pitch = 2 / (bars - 1 + share)
    return [(_box(-1, -1 + n * pitch, 1, -1 + (n + share) * pitch), 1) for n in range(bars)]


OUTLINES = {'circle': circle, 'ring': ring, 'triangle': triangle, 'rectangle': rectangle, 'star': star,
            'cross': cross, 'checkerboard': checkerboard, 'stripes': stripes}


def place_layers(rng: Generator, label: str, size: float) -> list[Layer]:
    """Layers of a figure in pixels around (0, 0): rotated, squeezed, sheared; the longest side of its box is
    ``size``.
    """
    angle, stretch = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(-0.16, 0.16))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1, rng.uniform(-0.12, 0.12)], [0, 1]])
    matrix = slant @ np.diag([stretch, 1 / stretch]) @ turn
    depth = rng.uniform(-0.12, 0.12, 2)
    layers = []
    for points, filled in OUTLINES[label](rng):
        mapped = points @ matrix.T
        layers.append((mapped / (1 + mapped @ depth)[:, None], filled))
    every = np.concatenate([points for points, filled in layers if filled])
    low, high = every.min(0), every.max(0)
    scale, middle = size / (high - low).max(), (low + high) / 2
    return [((points - middle) * scale, filled) for points, filled in layers]


def coverage(layers: list[Layer], centre: np.ndarray) -> tuple[np.ndarray, int, int]:
    """(coverage [h, w] of each pixel, left, top): a patch of the image around a centre in pixels."""
    every = np.concatenate([points for points, _ in layers]) + centre
    left, top = np.floor(every.min(0)).astype(int) - 1
    right, bottom = np.ceil(every.max(0)).astype(int) + 1
    finer = 4 if max(right - left, bottom - top) < 70 else 2
    mask = np.zeros(((bottom - top) * finer, (right - left) * finer), np.uint8)
    offset = centre - (left, top)
    for points, filled in layers:
        # OpenCV's origin is the centre of the first pixel, that of figures its corner.
        fixed = np.round(((points + offset) * finer - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255 * filled, cv2.LINE_8, SUBPIXEL_BITS)
    share = cv2.resize(mask, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return share.astype(np.float32) / 255, int(left), int(top)
