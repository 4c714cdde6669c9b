"""Solids: small meshes, rotated, lit by a lamp and drawn back to front."""

import cv2
import numpy as np
from numpy.random import Generator

from .flat_shapes import arc

SUBPIXEL_BITS = 4


def _sweep(grid: np.ndarray) -> list[np.ndarray]:
    """Quads between neighbouring rows and columns of a grid of points [rows, columns, 3]."""
    return [np.array([grid[i, j], grid[i, j + 1], grid[i + 1, j + 1], grid[i + 1, j]])
            for i in range(grid.shape[0] - 1) for j in range(grid.shape[1] - 1)]


def _circle(radius: float, height: float, steps: int) -> np.ndarray:
    flat = arc(radius, steps=steps + 1)
    return np.column_stack([flat[:, 0], np.full(steps + 1, height), flat[:, 1]])


def cube(_rng: Generator) -> list[np.ndarray]:
    s = 0.62
    top, bottom = ([(-s, y, -s), (-s, y, s), (s, y, s), (s, y, -s)] for y in (-s, s))
    sides = [[top[i], top[(i + 1) % 4], bottom[(i + 1) % 4], bottom[i]] for i in range(4)]
    return [np.array(face, float) for face in (top, bottom, *sides)]


def cylinder(rng: Generator) -> list[np.ndarray]:
    radius, half = rng.uniform(0.45, 0.7), rng.uniform(0.6, 0.9)
    rims = [_circle(radius, half * side, 40) for side in (-1, 1)]
    return [*_sweep(np.stack(rims)), rims[0][:-1], rims[1][:-1]]


def cone(rng: Generator) -> list[np.ndarray]:
    rim, half = _circle(rng.uniform(0.55, 0.75), 0.8, 40), rng.uniform(0.75, 1.0)
    tip = np.array([0, -half, 0])
    return [*(np.array([rim[i], rim[i + 1], tip]) for i in range(40)), rim[:-1]]


def pyramid(rng: Generator) -> list[np.ndarray]:
    s, tip = rng.uniform(0.6, 0.75), np.array([0, -rng.uniform(0.6, 0.9), 0])
    base = np.array([(-s, 0.6, -s), (-s, 0.6, s), (s, 0.6, s), (s, 0.6, -s)])
    return [*(np.array([base[i], base[(i + 1) % 4], tip]) for i in range(4)), base]


def torus(rng: Generator) -> list[np.ndarray]:
    tube = rng.uniform(0.22, 0.36)
    angles = np.linspace(0, 2 * np.pi, 14)
    return _sweep(np.stack([_circle(1 - tube + tube * np.cos(a), tube * np.sin(a), 32) for a in angles]))


MESHES = {'cube': cube, 'cylinder': cylinder, 'cone': cone, 'pyramid': pyramid, 'torus': torus}


UPRIGHT = frozenset({'cone', 'pyramid'})
"""Solids that are never seen from below, where only their base would be visible."""


FACETED = frozenset({'cube', 'pyramid'})
MIN_STEP = 0.1
"""Minimum brightness difference between any two visible faces of a faceted solid."""


def _rotation(rng: Generator, name: str) -> np.ndarray:
    """Random view: 18 to 55 degrees from above or below, random rotation, Gaussian roll."""
    turn = rng.uniform(0, 2 * np.pi)
    lift = np.deg2rad(rng.uniform(10, 42) if name in UPRIGHT else rng.uniform(18, 55) * rng.choice([-1, 1, 1]))
    roll = rng.normal(0, 0.45)
    cos, sin = np.cos, np.sin
    about_y = np.array([[cos(turn), 0, sin(turn)], [0, 1, 0], [-sin(turn), 0, cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, cos(lift), -sin(lift)], [0, sin(lift), cos(lift)]])
    about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


class _Lamp:
    """One lamp, ambient light, and specular reflection."""

    def __init__(self, rng: Generator):
        self.towards = _unit(np.array([rng.uniform(-1, 1), rng.uniform(-1, 0.3), -rng.uniform(0.4, 1.1)]))
        self.ambient, self.gloss = rng.uniform(0.15, 0.4), rng.uniform(0, 0.7)

    def shade(self, colour: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Colours [..., 3] of surfaces with the given unit normals [..., 3]; the camera is at -z."""
        lit = self.ambient + (1 - self.ambient) * np.maximum(0, normals @ self.towards)
        shine = self.gloss * np.maximum(0, normals @ _unit(self.towards + [0, 0, -1])) ** 24
        return np.clip(colour * lit[..., None] + shine[..., None], 0, 1).astype(np.float32)


def _telling_lamp(rng: Generator, faces: list[np.ndarray], normals: np.ndarray) -> _Lamp:
    """A lamp under which all visible faces differ in brightness; otherwise a cube would look like a hexagon and a
    pyramid like a triangle.
    """
    outward = np.array([normal @ face.mean(0) > 0 for face, normal in zip(faces, normals)])
    for _ in range(12):
        lamp = _Lamp(rng)
        lit = np.sort((1 - lamp.ambient) * np.maximum(0, normals[outward] @ lamp.towards))
        if len(lit) < 2 or np.diff(lit).min() >= MIN_STEP:
            break
    return lamp


def draw_solid(rng: Generator, name: str, size: int, place: tuple[float, float, float], colour: np.ndarray):
    """(picture [size, size, 3] in 0..1, mask) of a solid at ``place`` = (x, y, radius) in pixels."""
    draw_one = _draw_ball if name == 'ball' else _draw_mesh
    return draw_one(rng, name, size, place, colour)


def _draw_ball(rng: Generator, _name: str, size: int, place: tuple[float, float, float], colour: np.ndarray):
    x = (np.arange(size) - place[0]) / place[2] * np.ones((size, 1))
    y = (np.arange(size)[:, None] - place[1]) / place[2] * np.ones(size)
    depth = 1 - x ** 2 - y ** 2
    normals = np.stack([x, y, -np.sqrt(np.maximum(0, depth))], axis=-1)
    return _Lamp(rng).shade(colour, normals), (depth > 0).astype(np.float32)


def _draw_mesh(rng: Generator, name: str, size: int, place: tuple[float, float, float], colour: np.ndarray):
    turned = _rotation(rng, name).T
    faces = [face @ turned for face in MESHES[name](rng)]
    faces.sort(key=lambda points: -points[:, 2].mean())
    # Back faces need no culling: meshes are closed, so they are painted over.
    normals = _unit(np.cross([face[1] - face[0] for face in faces], [face[2] - face[1] for face in faces]))
    normals *= np.where(normals[:, 2:] > 0, -1, 1)
    lamp = _telling_lamp(rng, faces, normals) if name in FACETED else _Lamp(rng)
    shades = lamp.shade(colour, normals)

    distance = rng.uniform(3.5, 9)
    owner = np.zeros((size, size), np.int16)
    for number, face in enumerate(faces, start=1):
        flat = face[:, :2] * (distance / (distance + face[:, 2:])) * place[2] + [place[0], place[1]]
        cv2.fillConvexPoly(owner, np.rint(flat * (1 << SUBPIXEL_BITS)).astype(np.int32), number, cv2.LINE_8, SUBPIXEL_BITS)
    picture = np.vstack([np.zeros((1, 3), np.float32), shades])[owner]
    mask = (owner > 0).astype(np.float32)
    return (_smoothed(picture, mask, 0.05 * place[2]) if name == 'torus' else picture), mask


def _smoothed(picture: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """Blurs the facets without bleeding in the black outside."""
    weight = cv2.GaussianBlur(mask, (0, 0), sigma)
    return cv2.GaussianBlur(picture, (0, 0), sigma) / np.maximum(weight, 1e-3)[..., None]
