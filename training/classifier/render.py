"""Draws an image of a label. The same (stream, index, size) always gives the same image.

``python -m classifier.render --sheet sheet.png`` draws a sheet with a row per label.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from . import flat_shapes, symbols
from .colours import blend, contrasting_colour, ramp, random_colour, smooth_noise
from .flat_shapes import ACCENT, MAIN, Layer
from .labels import LABELS, SOLIDS, TEXTURES
from .scene import draw_clutter, draw_ground, light, photograph
from .solids import SUBPIXEL_BITS, draw_solid
from .textures import draw_texture

OUTLINES = {**flat_shapes.OUTLINES, **symbols.OUTLINES}
OVERSAMPLING = 2
STREAMS = {'training': 1, 'validation': 2, 'held out': 3}
"""Streams never share seeds."""


def draw(stream: str, index: int, size: int) -> tuple[np.ndarray, int]:
    """(RGB uint8 [size, size, 3], label index) of image ``index`` of a stream; labels rotate."""
    label = index % len(LABELS)
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence((STREAMS[stream], index, size))))
    return draw_label(rng, LABELS[label], size), label


def draw_label(rng: Generator, label: str, size: int) -> np.ndarray:
    """Draws a label as RGB uint8 [size, size, 3]."""
    fine = size * OVERSAMPLING
    picture = _draw_texture_picture(rng, label, fine) if label in TEXTURES else _draw_figure_picture(rng, label, fine)
    draw_clutter(rng, picture, 3)
    picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return photograph(rng, light(rng, picture))


def _draw_texture_picture(rng: Generator, label: str, size: int) -> np.ndarray:
    share = draw_texture(rng, label, size)
    first = random_colour(rng)
    second = contrasting_colour(rng, first)
    if rng.random() < 0.5:
        share = share * (1 - 0.3 * smooth_noise(rng, size, int(rng.integers(2, 20))))
    return blend(first, second, share)


def _draw_figure_picture(rng: Generator, label: str, size: int) -> np.ndarray:
    ground_colour = random_colour(rng)
    colour = contrasting_colour(rng, ground_colour)
    picture = draw_ground(rng, size, ground_colour)
    draw_clutter(rng, picture, 6)
    radius = size * rng.uniform(0.24, 0.46)
    room = max(0.0, size / 2 - 0.85 * radius)
    x, y = size / 2 + rng.uniform(-room, room, 2)
    if label in SOLIDS:
        drawn, mask = draw_solid(rng, label, size, (x, y, radius * 1.05), _lit(colour))
    else:
        accent = contrasting_colour(rng, ground_colour, colour)
        drawn, mask = _draw_layers(rng, label, size, _placement(rng, label, (x, y, radius)), (colour, accent))
    if rng.random() < 0.3:
        shift = np.float32([[1, 0, rng.uniform(-0.08, 0.08) * size], [0, 1, rng.uniform(0.02, 0.08) * size]])
        shadow = cv2.GaussianBlur(cv2.warpAffine(mask, shift, (size, size)), (0, 0), rng.uniform(0.005, 0.04) * size)
        picture = picture * (1 - rng.uniform(0.2, 0.6) * shadow[..., None])
    return picture + (drawn - picture) * mask[..., None]


def _lit(colour: np.ndarray) -> np.ndarray:
    """Brightens a colour until shading is visible on it."""
    return np.maximum(colour * max(1.0, 0.5 / max(0.05, float(colour.max()))), 0.05)


def _placement(rng: Generator, label: str, place: tuple[float, float, float]) -> np.ndarray:
    """Homography from figure coordinates to pixels: rotation, slight stretch and perspective."""
    angle = rng.normal(0, 0.3) if label in symbols.UPRIGHT else rng.uniform(0, 2 * np.pi)
    stretch = np.exp(rng.uniform(-0.14, 0.14))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    squeeze = np.diag([stretch, 1 / stretch, 1])
    slant = np.array([[1, rng.uniform(-0.12, 0.12), 0], [0, 1, 0], [*rng.uniform(-0.12, 0.12, 2), 1]])
    x, y, radius = place
    return np.array([[radius, 0, x], [0, radius, y], [0, 0, 1]]) @ slant @ squeeze @ turn


def _draw_layers(rng: Generator, label: str, size: int, placement: np.ndarray, colours) -> tuple[np.ndarray, np.ndarray]:
    layers: list[Layer] = OUTLINES[label](rng)
    slots = np.zeros((size, size), np.uint8)
    for points, slot in layers:
        cv2.fillPoly(slots, [_to_pixels(points, placement)], int(slot), cv2.LINE_8, SUBPIXEL_BITS)
    if label in flat_shapes.MAY_BE_HOLLOW and rng.random() < 0.35:
        contour = _to_pixels(layers[0][0], placement)
        slots[:] = 0 if rng.random() < 0.6 else slots * ACCENT
        width = max(2, int(size * rng.uniform(0.015, 0.04)))
        cv2.polylines(slots, [contour], True, MAIN, width, cv2.LINE_8, SUBPIXEL_BITS)
    main, accent = colours
    fill = np.full((size, size, 3), main, np.float32)
    if rng.random() < 0.4:
        shade = np.clip(main * rng.uniform(0.65, 1) + rng.uniform(0, 0.1), 0, 1).astype(np.float32)
        fill = blend(main, shade, ramp(rng, size) if rng.random() < 0.5 else smooth_noise(rng, size, int(rng.integers(2, 10))))
    fill[slots == ACCENT] = accent
    return fill, (slots > 0).astype(np.float32)


def _to_pixels(points: np.ndarray, placement: np.ndarray) -> np.ndarray:
    mapped = np.column_stack([points, np.ones(len(points))]) @ placement.T
    return np.round(mapped[:, :2] / mapped[:, 2:] * (1 << SUBPIXEL_BITS)).astype(np.int32)


def draw_sheet(columns: int, size: int) -> np.ndarray:
    """One row per label with ``columns`` images of the held-out stream."""
    rows = [[draw('held out', column * len(LABELS) + label, size)[0] for column in range(columns)]
            for label in range(len(LABELS))]
    return np.vstack([np.hstack(row) for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sheet', type=Path, required=True)
    parser.add_argument('--columns', type=int, default=12)
    parser.add_argument('--size', type=int, default=64)
    options = parser.parse_args()
    cv2.imwrite(str(options.sheet), draw_sheet(options.columns, options.size)[..., ::-1])


if __name__ == '__main__':
    main()
