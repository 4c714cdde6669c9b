"""Textures that fill the image: functions of plane coordinates (u, v), about 2 to 7 periods across the image. Each
returns the share of the second colour, in 0..1.
"""

import numpy as np
from numpy.random import Generator

from .colours import smooth_noise


def _fraction(x: np.ndarray) -> np.ndarray:
    return x - np.floor(x)


def checkerboard(_rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return ((np.floor(u) + np.floor(v)) % 2).astype(np.float32)


def stripes(rng: Generator, u: np.ndarray, _v: np.ndarray) -> np.ndarray:
    if rng.random() < 0.3:
        return 0.5 + 0.5 * np.sin(2 * np.pi * u)
    return (_fraction(u) < rng.uniform(0.3, 0.7)).astype(np.float32)


def polka_dots(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    if rng.random() < 0.5:
        u = u + 0.5 * (np.floor(v) % 2)
    return (np.hypot(_fraction(u) - 0.5, _fraction(v) - 0.5) < rng.uniform(0.2, 0.36)).astype(np.float32)


def bricks(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    v = v * 1.3
    row = np.floor(v)
    along = u * rng.uniform(0.55, 0.75) + row * 0.5
    mortar = rng.uniform(0.05, 0.12)
    joint = (_fraction(along) < mortar * 0.6) | (_fraction(v) < mortar)
    tone = _fraction(np.sin(np.floor(along) * 12.9898 + row * 78.233) * 43758.5453) * rng.uniform(0.1, 0.35)
    return np.where(joint, np.float32(1), tone)


def honeycomb(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    # The distance to the nearest point of two interleaved rectangular lattices gives hexagonal cells.
    height = np.sqrt(3)
    def from_centre(x, y):
        return x - np.round(x), y - height * np.round(y / height)
    first, second = from_centre(u, v), from_centre(u - 0.5, v - height / 2)
    nearer = np.hypot(*first) < np.hypot(*second)
    x, y = np.abs(np.where(nearer, first[0], second[0])), np.abs(np.where(nearer, first[1], second[1]))
    edge = np.maximum(x, x / 2 + y * height / 2)
    return (edge > 0.5 - rng.uniform(0.04, 0.1)).astype(np.float32)


def zigzag(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    teeth = np.abs(_fraction(u * rng.uniform(0.6, 1)) - 0.5) * rng.uniform(1.6, 3)
    return (_fraction(v + teeth) < rng.uniform(0.35, 0.65)).astype(np.float32)


def wood_grain(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    size = u.shape[0]
    bend = np.sin(v * rng.uniform(0.2, 0.5) + rng.uniform(0, 6)) * rng.uniform(0.2, 0.6)
    knot = np.exp(-((u - rng.uniform(-2, 2)) ** 2 + (v * 0.5 - rng.uniform(-2, 2)) ** 2) / rng.uniform(0.5, 2)) * rng.uniform(0, 2)
    rings = _fraction((u + bend + knot + 0.25 * smooth_noise(rng, size, 5)) * rng.uniform(0.9, 1.4))
    fibre = _fraction(np.sin(np.floor(u * 23) * 91.7) * 4375.85) * 0.25
    return np.clip(rings ** rng.uniform(0.8, 2.5) * 0.8 + fibre, 0, 1)


def marble(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    size = u.shape[0]
    turbulence = sum(np.abs(smooth_noise(rng, size, 3 * 2 ** k) - 0.5) / 2 ** k for k in range(4))
    veins = np.abs(np.sin((0.35 * u + rng.uniform(3, 6) * turbulence) * np.pi))
    return veins ** rng.uniform(0.25, 0.7)


def cobblestones(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    # Worley noise: one jittered centre per cell of a lattice that repeats after 16 cells.
    centres = 0.15 + 0.7 * rng.random((16, 16, 2), dtype=np.float32)
    cell_u, cell_v = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    nearest = np.full(u.shape, 9, np.float32)
    second = nearest
    for du in (-1, 0, 1):
        for dv in (-1, 0, 1):
            centre = centres[(cell_u + du) & 15, (cell_v + dv) & 15]
            distance = np.hypot(u - cell_u - du - centre[..., 0], v - cell_v - dv - centre[..., 1])
            second = np.minimum(second, np.maximum(nearest, distance))
            nearest = np.minimum(nearest, distance)
    return np.clip((second - nearest) * rng.uniform(2, 5), 0, 1) * (1 - 0.4 * np.clip(nearest, 0, 1))


def basket_weave(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    over = (np.floor(u) + np.floor(v)) % 2
    across, along = np.where(over > 0, _fraction(u), _fraction(v)), np.where(over > 0, _fraction(v), _fraction(u))
    # Rounding makes sin(pi) negative, for which the power is undefined.
    hump = lambda x: np.maximum(0, np.sin(np.pi * x))
    strand = hump(np.clip((across - 0.08) / 0.84, 0, 1)) ** 0.6
    return strand * (0.45 + 0.55 * hump(along) ** rng.uniform(0.5, 1.2))


def wire_grid(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    width = rng.uniform(0.06, 0.2)
    return ((_fraction(u) < width) | (_fraction(v) < width)).astype(np.float32)


def ripples(rng: Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    radius = np.hypot(u - rng.uniform(-1.2, 1.2), v - rng.uniform(-1.2, 1.2))
    wave = np.sin(2 * np.pi * (radius * rng.uniform(0.8, 1.4) + rng.random()))
    return (wave > 0).astype(np.float32) if rng.random() < 0.4 else 0.5 + 0.5 * wave


PATTERNS = {
    'checkerboard': checkerboard, 'stripes': stripes, 'polka dots': polka_dots, 'bricks': bricks,
    'honeycomb': honeycomb, 'zigzag': zigzag, 'wood grain': wood_grain, 'marble': marble,
    'cobblestones': cobblestones, 'basket weave': basket_weave, 'wire grid': wire_grid, 'ripples': ripples,
}


def draw_texture(rng: Generator, name: str, size: int) -> np.ndarray:
    """Share [size, size] in 0..1 of the second colour, under a random perspective."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    tilt_x, tilt_y = rng.uniform(-0.3, 0.3, 2)
    depth = 1 + tilt_x * x + tilt_y * y
    periods = rng.uniform(1.2, 3.2)
    squeeze = np.exp(rng.uniform(-0.22, 0.22))
    u = (np.cos(angle) * x + np.sin(angle) * y) * periods * squeeze / depth + rng.uniform(-0.5, 0.5)
    v = (-np.sin(angle) * x + np.cos(angle) * y) * periods / squeeze / depth + rng.uniform(-0.5, 0.5)
    u, v = u.astype(np.float32), v.astype(np.float32)
    return np.clip(PATTERNS[name](rng, u, v), 0, 1).astype(np.float32)
