"""Surroundings of a figure: background, clutter, lighting and camera degradations."""

import cv2
import numpy as np
from numpy.random import Generator

from .colours import blend, ramp, random_colour, smooth_noise


def draw_ground(rng: Generator, size: int, colour: np.ndarray) -> np.ndarray:
    """A background [size, size, 3] with colours near the given one."""
    other = np.clip(colour + rng.normal(0, 0.09, 3).astype(np.float32), 0, 1)
    kind = rng.random()
    if kind < 0.2:
        return np.full((size, size, 3), colour, np.float32)
    if kind < 0.5:
        return blend(colour, other, ramp(rng, size))
    share = smooth_noise(rng, size, int(rng.integers(2, 9)))
    if kind < 0.75:
        share = 0.6 * share + 0.4 * smooth_noise(rng, size, int(rng.integers(12, 28)))
    return blend(colour, other, share)


def draw_clutter(rng: Generator, picture: np.ndarray, most: int) -> None:
    """Draws small blobs, splinters and lines in random colours, half of them translucent, into the image."""
    size = picture.shape[0]
    for _ in range(int(rng.integers(0, most + 1))):
        opacity = np.float32(1 if rng.random() < 0.5 else rng.uniform(0.3, 0.8))
        layer, colour = picture if opacity == 1 else picture.copy(), random_colour(rng).tolist()
        centre = rng.uniform(0, size, 2)
        if rng.random() < 0.4:
            end = centre + rng.normal(0, 0.3 * size, 2)
            cv2.line(layer, _pixel(centre), _pixel(end), colour, max(1, int(rng.uniform(0.005, 0.025) * size)))
        else:
            corners = centre + rng.normal(0, rng.uniform(0.015, 0.06) * size, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(layer, [np.round(corners).astype(np.int32)], colour)
        if opacity < 1:
            picture += opacity * (layer - picture)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return int(point[0]), int(point[1])


def light(rng: Generator, picture: np.ndarray) -> np.ndarray:
    """Applies a light gradient, an occasional cast shadow, a tint, and a random exposure."""
    size = picture.shape[0]
    factor = 1 - rng.uniform(0, 0.45) * ramp(rng, size)
    if rng.random() < 0.25:
        edge = ramp(rng, size) + 0.12 * (smooth_noise(rng, size, 3) - 0.5)
        factor = factor * (1 - rng.uniform(0.15, 0.5) * np.clip((edge - rng.uniform(0.3, 0.7)) * rng.uniform(5, 40), 0, 1))
    tint = rng.uniform(0.82, 1.12, 3).astype(np.float32)
    return np.clip(picture * factor.astype(np.float32)[..., None] * tint * np.float32(rng.uniform(0.85, 1.4)), 0, 1)


def photograph(rng: Generator, picture: np.ndarray) -> np.ndarray:
    """Simulates a poor camera: blur, occasional greyscale, low contrast, noise and compression; returns uint8."""
    size = picture.shape[0]
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.2, 0.0135 * size + 0.2))
    elif rng.random() < 0.3:
        picture = cv2.filter2D(picture, -1, _motion_kernel(rng, max(3, int(0.07 * size) | 1)))
    if rng.random() < 0.12:
        picture = np.repeat((picture @ np.array([0.299, 0.587, 0.114], np.float32))[..., None], 3, axis=2)
    if rng.random() < 0.3:
        keep = rng.uniform(0.55, 1)
        picture = picture * keep + rng.uniform(0, 1 - keep)
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.7, 1.5)
    if rng.random() < 0.8:
        picture = picture + rng.normal(0, 1, picture.shape).astype(np.float32) * rng.uniform(0.002, 0.05)
    coded = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        # The codec expects BGR; channels are swapped before and after, so that chroma is handled as usual.
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        coded = cv2.imdecode(cv2.imencode('.jpg', coded[..., ::-1], quality)[1], cv2.IMREAD_COLOR)[..., ::-1]
    return np.ascontiguousarray(coded)


def _motion_kernel(rng: Generator, length: int) -> np.ndarray:
    kernel, angle, half = np.zeros((length, length), np.float32), rng.uniform(0, np.pi), length // 2
    step = np.array([np.cos(angle), np.sin(angle)]) * half
    cv2.line(kernel, _pixel(half + 0.5 - step), _pixel(half + 0.5 + step), 1.0, 1)
    return kernel / kernel.sum()
