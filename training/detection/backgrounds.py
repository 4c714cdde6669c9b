"""Backgrounds for figures: photographs, textures and noise, with clutter that matches none of the labels."""

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from classifier.colours import blend, contrasting_colour, ramp, random_colour, smooth_noise
from classifier.textures import draw_texture

TEXTURES = ('bricks', 'honeycomb', 'zigzag', 'wood grain', 'marble', 'cobblestones', 'basket weave', 'ripples')
"""Textures that do not resemble a label."""
TEXTURE_SIDE, TEXTURES_KEPT = 400, 160
PHOTO_SHORT_SIDE = 400
LINE_RATIO, STROKE_RATIO = 8, 4
"""Minimum length of a line and of a stroke, as multiples of its thickness."""
LETTERS = 'abdefghjkmnpqrsuwyz'
"""Letters that do not resemble a ring, a cross or a bar."""


class Backgrounds:
    """Source images for backgrounds. Created once, because drawing a texture costs more than all figures of a scene.
    """

    def __init__(self, seed: int, photos: Path | None):
        rng = np.random.default_rng((seed, 77))
        self.textures = [_texture(rng, TEXTURES[n % len(TEXTURES)]) for n in range(TEXTURES_KEPT)]
        self.photos = _read_photos(photos) if photos else []

    def draw(self, rng: Generator, size: int) -> np.ndarray:
        """A background float32 [size, size, 3] in 0..1, with clutter."""
        kind = rng.random()
        if kind < 0.4 and self.photos:
            picture = _cut(rng, self.photos[rng.integers(len(self.photos))], size)
        elif kind < 0.65:
            picture = _cut(rng, self.textures[rng.integers(len(self.textures))], size)
        else:
            picture = _noise(rng, size)
        if rng.random() < 0.4:
            picture = picture[..., rng.permutation(3)]
        if rng.random() < 0.3:
            keep = rng.uniform(0.3, 1)
            picture = picture * keep + random_colour(rng) * (1 - keep)
        return draw_clutter(rng, np.ascontiguousarray(picture, np.float32), 14)


def _texture(rng: Generator, name: str) -> np.ndarray:
    first = random_colour(rng)
    share = draw_texture(rng, name, TEXTURE_SIDE)
    return np.round(blend(first, contrasting_colour(rng, first), share) * 255).astype(np.uint8)


def _read_photos(folder: Path) -> list[np.ndarray]:
    paths = sorted(path for path in folder.rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    photos = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        scale = PHOTO_SHORT_SIDE / min(picture.shape[:2])
        photos.append(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., ::-1].copy())
    return photos


def _cut(rng: Generator, source: np.ndarray, size: int) -> np.ndarray:
    height, width = source.shape[:2]
    side = int(rng.uniform(0.35, 1) * min(height, width))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    cut = cv2.resize(source[top:top + side, left:left + side], (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    return np.rot90(cut, int(rng.integers(4))).astype(np.float32) / 255


def _noise(rng: Generator, size: int) -> np.ndarray:
    first = random_colour(rng)
    second = np.clip(first + rng.normal(0, 0.2, 3).astype(np.float32), 0, 1)
    share = ramp(rng, size) if rng.random() < 0.2 else smooth_noise(rng, size, int(rng.integers(2, 12)))
    for cells in (24, 60):
        if rng.random() < 0.6:
            share = share + rng.uniform(0.1, 0.5) * (smooth_noise(rng, size, cells) - 0.5)
    return blend(first, second, np.clip(share, 0, 1))


def draw_clutter(rng: Generator, picture: np.ndarray, most: int) -> np.ndarray:
    """Draws lines, strokes, writing and irregular blobs in random colours into the image. No clutter may look like a
    figure: a short thick stroke, a tiny blob or a single "o" would teach the network that small rectangles,
    circles and rings are background.
    """
    size = picture.shape[0]
    for _ in range(int(rng.integers(0, most + 1))):
        colour, thick = random_colour(rng).tolist(), int(rng.integers(1, 5))
        centre, kind = rng.uniform(0, size, 2), rng.random()
        if kind < 0.3:
            end = centre + at_least(rng.normal(0, 0.3 * size, (1, 2)), LINE_RATIO * thick)[0]
            cv2.line(picture, _pixel(centre), _pixel(end), colour, thick)
        elif kind < 0.6:
            steps = rng.normal(0, rng.uniform(0.01, 0.06) * size, (int(rng.integers(3, 7)), 2))
            thick = thick if rng.random() < 0.5 else int(rng.integers(3, 10))
            path = np.round(centre + at_least(np.cumsum(steps, 0), STROKE_RATIO * thick)).astype(np.int32)
            cv2.polylines(picture, [path], False, colour, thick)
        elif kind < 0.8:
            text = ''.join(LETTERS[n] for n in rng.integers(0, len(LETTERS), int(rng.integers(1, 6))))
            writing = np.zeros(picture.shape[:2], np.uint8)
            cv2.putText(writing, text, _pixel(centre), int(rng.integers(0, 8)), rng.uniform(0.3, 1.4), 255, min(thick, 2))
            picture[writing > 0] = colour
        else:
            cv2.fillPoly(picture, [np.round(centre + blot(rng, size)).astype(np.int32)], colour)
    return picture


def at_least(points: np.ndarray, longest: float) -> np.ndarray:
    """Scales points [n, 2] up so that the largest coordinate reaches at least ``longest``."""
    return points * max(1.0, longest / max(1e-6, np.ptp(np.vstack([points, np.zeros((1, 2))]), 0).max()))


def blot(rng: Generator, size: int) -> np.ndarray:
    """An irregular outline [40, 2] around (0, 0)."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radii = 1 + sum(rng.uniform(0.1, 0.4) * np.sin(k * angles + rng.uniform(0, 6)) for k in (2, 3, 4, 5))
    stretch = np.array([1, rng.uniform(0.15, 0.7)])
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1) * stretch * rng.uniform(0.05, 0.1) * size
    return points @ turn.T


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])
