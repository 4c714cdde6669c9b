"""Colours and smooth noise, everything RGB float32 in 0..1."""

import colorsys

import cv2
import numpy as np
from numpy.random import Generator

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
MIN_CONTRAST = 0.28
"""Minimum distance in luminance or, with less weight, in colour between figure and background, so that the image is
legible.
"""


def random_colour(rng: Generator) -> np.ndarray:
    """A colour of random hue; a quarter of them are nearly grey."""
    saturation = rng.uniform(0, 0.12) if rng.random() < 0.25 else rng.uniform(0.2, 1)
    return np.array(colorsys.hsv_to_rgb(rng.random(), saturation, rng.uniform(0.08, 1)), np.float32)


def contrast(first: np.ndarray, second: np.ndarray) -> float:
    """Contrast of two colours, also as seen by a monochrome camera."""
    difference = first - second
    return float(abs(difference @ LUMINANCE) + 0.15 * np.linalg.norm(difference))


def contrasting_colour(rng: Generator, *others: np.ndarray) -> np.ndarray:
    """A random colour that contrasts with all others."""
    best, best_contrast = random_colour(rng), -1.0
    for _ in range(12):
        candidate = random_colour(rng)
        value = min(contrast(candidate, other) for other in others)
        if value >= MIN_CONTRAST:
            return candidate
        if value > best_contrast:
            best, best_contrast = candidate, value
    return best


def smooth_noise(rng: Generator, size: int, cells: int) -> np.ndarray:
    """[size, size] in 0..1, varying over about size / cells pixels."""
    lattice = rng.random((cells + 3, cells + 3), dtype=np.float32)
    stretched = cv2.resize(lattice, (size * (cells + 3) // cells,) * 2, interpolation=cv2.INTER_CUBIC)
    return np.clip(stretched[size // cells:size // cells + size, size // cells:size // cells + size], 0, 1)


def ramp(rng: Generator, size: int) -> np.ndarray:
    """[size, size] in 0..1, rising in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    plane = axis[None, :] * np.float32(np.cos(angle)) + axis[:, None] * np.float32(np.sin(angle))
    return plane / np.float32(1.42) + np.float32(0.5)


def blend(low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Picture [h, w, 3] between two colours by a share [h, w]."""
    return low + (high - low) * share[..., None]
