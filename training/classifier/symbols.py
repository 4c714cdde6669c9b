"""Outlines of the symbols, in the same form as the flat shapes."""

import numpy as np
from numpy.random import Generator

from .flat_shapes import ACCENT, HOLE, MAIN, Layer, arc


def band(path: np.ndarray, width: float) -> np.ndarray:
    """Polygon of a line of the given width along a path."""
    direction = np.gradient(path, axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9
    normal = np.stack([-direction[:, 1], direction[:, 0]], 1) * width / 2
    return np.concatenate([path + normal, (path - normal)[::-1]])


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def house(rng: Generator) -> list[Layer]:
    eaves, wall = rng.uniform(-0.3, 0.1), rng.uniform(0.6, 0.85)
    layers = [(box(-wall, eaves - 0.02, wall, 0.95), MAIN), (np.array([(-1, eaves), (0, -0.95), (1, eaves)]), int(rng.integers(1, 3)))]
    door = rng.uniform(-0.35, 0.2)
    opening = int(rng.choice([HOLE, ACCENT]))
    layers.append((box(door, 0.4, door + 0.3, 0.95), opening))
    if rng.random() < 0.6:
        layers.append((box(door - 0.38, 0.25, door - 0.12, 0.5), opening) if door > 0 else (box(door + 0.45, 0.25, door + 0.75, 0.5), opening))
    if rng.random() < 0.5:
        layers.insert(0, (box(0.4, -0.85, 0.62, 0), MAIN))
    return layers


def lightning_bolt(rng: Generator) -> list[Layer]:
    points = np.array([(0.25, -1), (-0.6, 0.15), (-0.05, 0.15), (-0.3, 1), (0.6, -0.25), (0.08, -0.25), (0.5, -1)])
    return [(points + rng.uniform(-0.06, 0.06, points.shape), MAIN)]


def drop(rng: Generator) -> list[Layer]:
    t = np.linspace(0, 2 * np.pi, 60)
    power = rng.uniform(1.3, 2.2)
    width = np.sin(t) * np.abs(np.sin(t / 2)) ** power
    layers: list[Layer] = [(np.stack([0.95 * width, -np.cos(t)], 1), MAIN)]
    if rng.random() < 0.3:
        layers.append((arc(0.12, centre=(-0.25, 0.45)), ACCENT))
    return layers


def cloud(rng: Generator) -> list[Layer]:
    layers: list[Layer] = []
    for x, y, radius in ((-0.58, 0.15, 0.4), (-0.15, -0.18, 0.5), (0.35, -0.05, 0.42), (0.65, 0.22, 0.33)):
        shift = rng.uniform(-0.06, 0.06, 2)
        layers.append((arc(radius * rng.uniform(0.9, 1.12), centre=(x + shift[0], y + shift[1])), MAIN))
    layers.append((box(-0.6, 0.1, 0.66, 0.55), MAIN))
    return layers


def gear(rng: Generator) -> list[Layer]:
    teeth, root = int(rng.integers(7, 13)), rng.uniform(0.72, 0.82)
    steps = np.arange(teeth)[:, None] * 2 * np.pi / teeth + np.array([0, 0.22, 0.3, 0.72]) * 2 * np.pi / teeth
    radii = np.tile([1, 1, root, root], teeth)
    angles = steps.ravel()
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)
    return [(points, MAIN), (arc(rng.uniform(0.22, 0.45)), int(rng.choice([HOLE, HOLE, ACCENT])))]


def flower(rng: Generator) -> list[Layer]:
    petals = int(rng.integers(5, 9))
    reach, width = rng.uniform(0.52, 0.6), rng.uniform(0.75, 0.95) * np.pi * 0.58 / petals
    layers: list[Layer] = []
    for angle in np.arange(petals) * 2 * np.pi / petals:
        petal = arc() * [0.42, min(0.42, width)] + [reach, 0]
        c, s = np.cos(angle), np.sin(angle)
        layers.append((petal @ np.array([[c, s], [-s, c]]), MAIN))
    layers.append((arc(rng.uniform(0.2, 0.3)), ACCENT))
    return layers


def spiral(rng: Generator) -> list[Layer]:
    turns = rng.uniform(2.1, 3.4)
    t = np.linspace(0.08, 1, 120)
    angles = t * turns * 2 * np.pi
    path = np.stack([t * np.cos(angles), t * np.sin(angles)], 1) * 0.92
    if rng.random() < 0.5:
        path[:, 0] *= -1
    # Quads along the path, because a single polygon of the whole band would intersect itself and leave holes.
    ribbon = band(path, rng.uniform(0.3, 0.5) / turns)
    left, right = ribbon[:120], ribbon[120:][::-1]
    return [(np.array([left[i], left[i + 2], right[i + 2], right[i]]), MAIN) for i in range(0, 118, 2)]


def key(rng: Generator) -> list[Layer]:
    bow, thick = rng.uniform(0.32, 0.42), rng.uniform(0.08, 0.13)
    head = -0.95 + bow
    layers: list[Layer] = [(arc(bow, centre=(head, 0)), MAIN), (box(head, -thick, 0.95, thick), MAIN),
                           (arc(bow * rng.uniform(0.45, 0.62), centre=(head - 0.04, 0)), HOLE)]
    for x in (0.8, rng.uniform(0.42, 0.56)):
        layers.append((box(x - 0.08, 0, x + 0.08, thick + rng.uniform(0.2, 0.34)), MAIN))
    return layers


def smiley(rng: Generator) -> list[Layer]:
    slot, eye = int(rng.choice([HOLE, ACCENT, ACCENT])), rng.uniform(0.1, 0.17)
    apart, open_mouth = rng.uniform(0.3, 0.42), rng.random() < 0.4
    layers: list[Layer] = [(arc(), MAIN), (arc(eye, centre=(-apart, -0.28)) , slot), (arc(eye, centre=(apart, -0.28)), slot)]
    if open_mouth:
        return [*layers, (arc(0.55, 0.1, np.pi - 0.1, centre=(0, 0.12)), slot)]
    return [*layers, (band(arc(0.58, 0.35, np.pi - 0.35, centre=(0, 0.02)), rng.uniform(0.12, 0.2)), slot)]


def umbrella(rng: Generator) -> list[Layer]:
    layers: list[Layer] = [(arc(1, np.pi, 2 * np.pi, centre=(0, 0.1)), MAIN)]
    scallops = int(rng.integers(3, 6))
    for n in range(scallops):
        centre = -1 + (2 * n + 1) / scallops
        layers.append((arc(1 / scallops, np.pi, 2 * np.pi, centre=(centre, 0.12)) * [1, 1], HOLE))
    handle = np.concatenate([np.linspace((0, -1.05), (0, 0.75), 12), arc(0.17, np.pi, 0, centre=(0.17, 0.75), steps=12)])
    handle[12:, 1] = 2 * 0.75 - handle[12:, 1]
    slot = int(rng.integers(1, 3))
    ribbon, count = band(handle, rng.uniform(0.07, 0.12)), len(handle)
    left, right = ribbon[:count], ribbon[count:][::-1]
    layers += [(np.array([left[i], left[i + 1], right[i + 1], right[i]]), slot) for i in range(count - 1)]
    return layers


OUTLINES = {
    'house': house, 'lightning bolt': lightning_bolt, 'drop': drop, 'cloud': cloud, 'gear': gear, 'flower': flower,
    'spiral': spiral, 'key': key, 'smiley': smiley, 'umbrella': umbrella,
}
UPRIGHT = frozenset({'house', 'drop', 'cloud', 'smiley', 'umbrella'})
"""Symbols with an upright orientation are tilted but not rotated freely."""
