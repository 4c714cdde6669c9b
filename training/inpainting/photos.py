"""Photos for training, and the held-out ones."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

PORTRAYED_FOLDER = 'cc-photos'
"""Photos under free licences; some are held out so that contact sheets of results may be published."""
HELD_OUT_FREE, HELD_OUT_OTHER = 20, 40


def held_out(names: list[str]) -> list[str]:
    """The 60 held-out photos: by the digest of their path, 20 of the free ones and 40 others."""
    ranked = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    free = [name for name in ranked if name.startswith(f'{PORTRAYED_FOLDER}/')]
    other = [name for name in ranked if not name.startswith(f'{PORTRAYED_FOLDER}/')]
    return sorted(free[:HELD_OUT_FREE] + other[:HELD_OUT_OTHER])


def photo_names(folder: Path) -> list[str]:
    """Paths of all JPEG and PNG files below the folder, relative to it, with forward slashes."""
    found = [path for path in folder.rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png')]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def load_training_photos(folder: Path) -> list[np.ndarray]:
    """All photos except the held-out ones, RGB [H,W,3] uint8."""
    names = photo_names(folder)
    kept_back = set(held_out(names))
    return [_read(folder / name) for name in names if name not in kept_back]


def _read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f'{path} cannot be decoded')
    return np.ascontiguousarray(picture[:, :, ::-1])


def random_crop(photos: list[np.ndarray], size: int, random: np.random.Generator) -> np.ndarray:
    """A random square crop, reduced by 1, 1.25 or 1.6, flipped and rotated, [size,size,3] uint8."""
    photo = photos[random.integers(len(photos))]
    height, width = photo.shape[:2]
    side = int(min(height, width, size * random.choice([1, 1, 1, 1.25, 1.6])))
    top, left = random.integers(height - side + 1), random.integers(width - side + 1)
    crop = photo[top:top + side, left:left + side]
    if side != size:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    if random.random() < 0.5:
        crop = crop[:, ::-1]
    if random.random() < 0.1:
        crop = crop[::-1]
    if random.random() < 0.1:
        crop = crop.transpose(1, 0, 2)
    return crop
