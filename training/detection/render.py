"""Draws scenes with several figures and their boxes. The same (seed, index, size) always gives the same scene.

``python -m detection.render --sheet sheet.png`` draws a sheet of scenes with their boxes.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from classifier.colours import blend, contrast, contrasting_colour, ramp, random_colour, smooth_noise
from classifier.scene import light

from .backgrounds import Backgrounds, draw_clutter
from .figures import coverage, place_layers
from .labels import LABELS, PATTERNED

SMALLEST, LARGEST = 8, 200
"""Longest side of a figure's box, pixels."""
SMALL, SMALL_SHARE = 22, 0.6
"""Share of additional small figures, which are the hardest to tell apart."""
MAX_FIGURES = 20
SEEN = 0.65
"""Minimum share of a figure that is visible and inside the image."""
LETTERBOX_GREY = 114


@dataclass(frozen=True)
class DrawnScene:
    """RGB uint8 [size, size, 3], boxes float32 [n, 4] (left, top, right, bottom in pixels), labels int64 [n]."""

    picture: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def draw_scene(rng: Generator, backgrounds: Backgrounds, size: int) -> DrawnScene:
    """Draws a scene of 0 to 20 figures, which may partly cover each other."""
    canvas = _Canvas(backgrounds.draw(rng, size), _random_view(rng, size))
    figures = 0 if rng.random() < 0.04 else int(rng.integers(1, MAX_FIGURES + 1))
    for _ in range(figures):
        canvas.add_figure(rng)
    draw_clutter(rng, canvas.picture, 2)
    taken = photograph(rng, light(rng, canvas.picture))
    picture = np.full_like(taken, LETTERBOX_GREY)
    picture[canvas.view] = taken[canvas.view]
    return DrawnScene(picture, *canvas.truth())


class _Canvas:
    """An image under construction, with the index of the figure that each pixel shows (0 for none)."""

    def __init__(self, picture: np.ndarray, view: tuple[slice, slice]):
        self.picture, self.size, self.view = picture, picture.shape[0], view
        self.owner = np.zeros(picture.shape[:2], np.int32)
        self.areas, self.labels = [0], [-1]

    def add_figure(self, rng: Generator) -> None:
        """Draws one figure where it does not cover others too much; gives up after some attempts."""
        label = int(rng.integers(len(LABELS)))
        smallest = SMALLEST * (2 if LABELS[label] in PATTERNED else 1)
        largest = SMALL * smallest / SMALLEST if rng.random() < SMALL_SHARE else min(LARGEST, 0.8 * self.size)
        side = np.exp(rng.uniform(np.log(smallest), np.log(largest)))
        layers = place_layers(rng, LABELS[label], side)
        for _ in range(6):
            share, left, top = coverage(layers, rng.uniform(0, self.size, 2))
            rows = slice(max(self.view[0].start, top), min(self.view[0].stop, top + share.shape[0]))
            columns = slice(max(self.view[1].start, left), min(self.view[1].stop, left + share.shape[1]))
            if rows.stop <= rows.start or columns.stop <= columns.start:
                continue
            inside = share[rows.start - top:rows.stop - top, columns.start - left:columns.stop - left]
            area = int((share > 0.5).sum())
            if (inside > 0.5).sum() >= SEEN * area > 0 and self._leaves_others(inside > 0.5, rows, columns):
                self._paint(rng, inside, rows, columns)
                self.owner[rows, columns][inside > 0.5] = len(self.areas)
                self.areas.append(area)
                self.labels.append(label)
                return

    def _leaves_others(self, mask: np.ndarray, rows: slice, columns: slice) -> bool:
        covered = np.bincount(self.owner[rows, columns][mask], minlength=len(self.areas))
        if not covered[1:].any():
            return True
        seen = np.bincount(self.owner.ravel(), minlength=len(self.areas)) - covered
        return bool((seen[1:] >= SEEN * np.array(self.areas[1:])).all())

    def _paint(self, rng: Generator, share: np.ndarray, rows: slice, columns: slice) -> None:
        ground = self.picture[rows, columns]
        behind = ground[share > 0.5].mean(0)
        colour = _colour_upon(rng, behind)
        fill = np.broadcast_to(colour, ground.shape)
        longest = max(share.shape)
        if rng.random() < 0.4 and longest > 12:
            shade = np.clip(colour * rng.uniform(0.6, 1) + rng.uniform(0, 0.1), 0, 1).astype(np.float32)
            mix = ramp(rng, longest) if rng.random() < 0.5 else smooth_noise(rng, longest, int(rng.integers(2, 8)))
            fill = blend(colour, shade, mix[:share.shape[0], :share.shape[1]])
        if rng.random() < 0.25:
            self._shade(rng, share, rows, columns)
            ground = self.picture[rows, columns]
        opacity = np.float32(1 if rng.random() < 0.6 else rng.uniform(0.72, 1))
        self.picture[rows, columns] = ground + (fill - ground) * (share * opacity)[..., None]

    def _shade(self, rng: Generator, share: np.ndarray, rows: slice, columns: slice) -> None:
        shift = np.float32([[1, 0, rng.uniform(-0.1, 0.1) * max(share.shape)], [0, 1, rng.uniform(0.02, 0.1) * max(share.shape)]])
        shadow = cv2.warpAffine(share, shift, share.shape[::-1])
        self.picture[rows, columns] *= 1 - rng.uniform(0.15, 0.45) * cv2.GaussianBlur(shadow, (0, 0), 1.2)[..., None]

    def truth(self) -> tuple[np.ndarray, np.ndarray]:
        """(boxes around the visible part of each figure, labels)."""
        boxes = np.zeros((len(self.areas) - 1, 4), np.float32)
        for number in range(1, len(self.areas)):
            shown = self.owner == number
            columns, rows = np.flatnonzero(shown.any(0)), np.flatnonzero(shown.any(1))
            boxes[number - 1] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return boxes, np.array(self.labels[1:], np.int64)


def _colour_upon(rng: Generator, behind: np.ndarray) -> np.ndarray:
    if rng.random() < 0.6:
        return contrasting_colour(rng, behind)
    colours = [random_colour(rng) for _ in range(10)]
    return next((c for c in colours if contrast(c, behind) > 0.17), max(colours, key=lambda c: contrast(c, behind)))


def photograph(rng: Generator, picture: np.ndarray) -> np.ndarray:
    """Simulates a camera: blur, low contrast, noise and compression; returns uint8."""
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.2, 1.5))
    if rng.random() < 0.08:
        picture = np.repeat((picture @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    if rng.random() < 0.2:
        keep = rng.uniform(0.65, 1)
        picture = picture * keep + rng.uniform(0, 1 - keep)
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.75, 1.35)
    if rng.random() < 0.8:
        noise = rng.standard_normal(picture.shape, np.float32)
        picture = picture + noise * np.float32(rng.uniform(0.002, 0.05))
    coded = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
        coded = cv2.imdecode(cv2.imencode('.jpg', coded[..., ::-1], quality)[1], cv2.IMREAD_COLOR)[..., ::-1]
    return np.ascontiguousarray(coded)


def _random_view(rng: Generator, size: int) -> tuple[slice, slice]:
    """Rows and columns covered by the image; not all of them when it is letterboxed."""
    whole, band = slice(0, size), int(rng.uniform(0.03, 0.22) * size)
    part = slice(band, size - band)
    return (whole, whole) if rng.random() < 0.7 else ((part, whole) if rng.random() < 0.6 else (whole, part))


def draw_sheet(backgrounds: Backgrounds, columns: int, rows: int, size: int) -> np.ndarray:
    """Scenes with their boxes, BGR."""
    tiles = []
    for n in range(columns * rows):
        scene = draw_scene(np.random.default_rng((1, n)), backgrounds, size)
        tile = scene.picture[..., ::-1].copy()
        for box, label in zip(scene.boxes.astype(int), scene.labels):
            cv2.rectangle(tile, box[:2].tolist(), box[2:].tolist(), (0, 0, 255), 1)
            cv2.putText(tile, LABELS[label][:4], (int(box[0]), int(box[1])), 0, 0.35, (0, 255, 255), 1)
        tiles.append(tile)
    return np.vstack([np.hstack(tiles[r * columns:(r + 1) * columns]) for r in range(rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sheet', type=Path, required=True)
    parser.add_argument('--photos', type=Path)
    parser.add_argument('--size', type=int, default=320)
    options = parser.parse_args()
    cv2.imwrite(str(options.sheet), draw_sheet(Backgrounds(1, options.photos), 4, 3, options.size))


if __name__ == '__main__':
    main()
