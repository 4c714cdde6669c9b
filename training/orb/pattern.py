"""Selects the 256 binary tests of ORB's descriptor: ``python -m orb.pattern PHOTOS``.

Photos are rotated and distorted by known homographies, which gives corresponding corners. Tests are selected
greedily from many random candidates: each time the one that best separates the distances of matching corners from
those of other corners, measured as the difference of the means over the root of the sum of the variances. A test
correlated with those already selected increases the spread, so it is not selected.

PHOTOS is a folder with a hundred or more JPEG or PNG images of any kind. Writes
src/vision/features/orb/orb-pattern.ts.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

TESTS = 256
RADIUS = 15
CANDIDATES = 8_000
MAX_PAIRS = 14_000
CORNERS_PER_PHOTO = 120
LONG_SIDE = 640
BLUR_SIGMA = 2
TARGET = Path(__file__).resolve().parents[2] / 'src/vision/features/orb/orb-pattern.ts'
DISC = [(u, v) for v in range(-RADIUS, RADIUS + 1) for u in range(-RADIUS, RADIUS + 1)
        if u * u + v * v <= RADIUS * RADIUS + RADIUS]


def disturbed(picture: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The image as seen by another camera, and the homography from the original to it."""
    height, width = picture.shape
    angle, scale = random.uniform(0, 2 * np.pi), np.exp(random.uniform(-0.15, 0.15))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.eye(2) + random.normal(0, 0.08, (2, 2))
    matrix = np.eye(3)
    matrix[:2, :2] = turn @ shear
    matrix[2, :2] = random.normal(0, 1e-4, 2)
    centre = np.array([width / 2, height / 2, 1])
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2], back[:2, 2] = -centre[:2], centre[:2]
    homography = back @ matrix @ to_middle
    seen = cv2.warpPerspective(picture, homography, (width, height), flags=cv2.INTER_AREA)
    light = random.uniform(0.6, 1.3) * seen.astype(np.float32) + random.uniform(-20, 20)
    noisy = light + random.normal(0, random.uniform(1, 6), seen.shape)
    if random.random() < 0.3:
        noisy = cv2.GaussianBlur(noisy, (0, 0), random.uniform(0.5, 1.2))
    return np.clip(noisy, 0, 255).astype(np.uint8), homography


def patches(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[n, 961] pixels around integer points of the blurred image, rotated by the direction of the centroid."""
    x, y = points.T
    light = np.stack([picture[y + v, x + u] for u, v in DISC], 1).astype(np.float32)
    u, v = np.float32(DISC).T
    angle = np.arctan2(light @ v, light @ u)[:, None]
    grid = np.arange(-RADIUS, RADIUS + 1)
    along, down = (part.reshape(1, -1) for part in np.meshgrid(grid, grid))
    columns = np.rint(along * np.cos(angle) - down * np.sin(angle)).astype(int) + x[:, None]
    rows = np.rint(along * np.sin(angle) + down * np.cos(angle)).astype(int) + y[:, None]
    return cv2.GaussianBlur(picture, (7, 7), BLUR_SIGMA)[rows, columns]


def corner_pairs(path: Path, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Patches of corners of a photo, and of the same points in the distorted one."""
    empty = np.zeros((0, (2 * RADIUS + 1) ** 2), np.uint8)
    photo = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    scale = random.uniform(0.4, 1) * LONG_SIDE / max(photo.shape)
    photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = cv2.ORB_create(3 * CORNERS_PER_PHOTO, nlevels=1).detect(photo)
    if not found:
        return empty, empty
    points = np.float32([point.pt for point in found])
    other, homography = disturbed(photo, random)
    places = cv2.perspectiveTransform(points[None], homography)[0]
    # A detector locates a corner with an error of about half a pixel.
    places = np.rint(places + random.normal(0, 0.5, places.shape)).astype(int)
    points = points.astype(int)
    margin = 24
    limit = np.array(photo.shape[::-1]) - margin
    kept = ((points >= margin) & (points < limit) & (places >= margin) & (places < limit)).all(1)
    points, places = points[kept][:CORNERS_PER_PHOTO], places[kept][:CORNERS_PER_PHOTO]
    return patches(photo, points), patches(other, places)


def candidate_tests(random: np.random.Generator) -> np.ndarray:
    """[n, 2, 2] pairs of points (x, y); the first points are concentrated around the centre."""
    points = np.rint(random.normal(0, RADIUS / 2, (3 * CANDIDATES, 2, 2))).astype(int)
    # The corners of a square would lie outside the disc that gives the orientation.
    inside = ((points**2).sum(2) <= RADIUS**2 - 4).all(1)
    apart = ((points[:, 0] - points[:, 1])**2).sum(1) >= 4
    different = np.unique(points[inside & apart], axis=0)
    return random.permutation(different)[:CANDIDATES]


def choose(first: np.ndarray, second: np.ndarray, tests: np.ndarray) -> list[int]:
    """Rows of the chosen tests, best first."""
    index = (tests[..., 1] + RADIUS) * (2 * RADIUS + 1) + tests[..., 0] + RADIUS
    bits = [(part[:, index[:, 0]] < part[:, index[:, 1]]).T for part in (first, second)]
    pairs = first.shape[0]
    # [tests, pairs] whether a test differs; for non-matching corners, a corner of another photo is used.
    differs = [(bits[0] != other).astype(np.float32) for other in (bits[1], np.roll(bits[1], pairs // 3, axis=1))]
    means = [part.mean(1) for part in differs]
    variances = [mean * (1 - mean) for mean in means]
    shared = [np.zeros(len(tests), np.float32) for _ in differs]
    total, gap, chosen = [0.0, 0.0], 0.0, []
    while len(chosen) < TESTS:
        spread = sum(t + 2 * s + v for t, s, v in zip(total, shared, variances, strict=True))
        worth = (gap + means[1] - means[0]) / np.sqrt(spread)
        worth[chosen] = -np.inf
        best = int(worth.argmax())
        chosen.append(best)
        gap += means[1][best] - means[0][best]
        for k, part in enumerate(differs):
            total[k] += 2 * shared[k][best] + variances[k][best]
            # Covariances of all tests with the sum of the selected ones.
            shared[k] += part @ (part[best] - means[k][best]) / pairs
    print(f'differ between corners {means[1][chosen].mean():.3f}, at one corner {means[0][chosen].mean():.3f}; '
          f'apart by {gap / sum(total) ** 0.5:.2f} spreads')
    return chosen


def write(tests: np.ndarray) -> None:
    rows = [f"  {', '.join(map(str, row))}," for row in tests.reshape(-1, 16)]
    TARGET.write_text(f"""/**
 * [{TESTS}, 2, 2]: points (x, y) of the binary tests, in pixels of the level from the corner and in its orientation. Bit k
 * says whether the first point is darker. Chosen by `training/orb/pattern.py`: not to be edited.
 */
// prettier-ignore
export const ORB_PATTERN: readonly number[] = [
{chr(10).join(rows)}
];
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('photos', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(options.seed)
    paths = sorted(path for path in options.photos.rglob('*') if path.suffix.lower() in ('.jpg', '.jpeg', '.png'))
    parts = [corner_pairs(path, random) for path in paths]
    chosen = random.permutation(sum(len(part[0]) for part in parts))[:MAX_PAIRS]
    first, second = (np.concatenate(side)[chosen] for side in zip(*parts, strict=True))
    print(f'{len(paths)} photos, {len(first)} corners')
    tests = candidate_tests(random)
    write(tests[choose(first, second, tests)])


if __name__ == '__main__':
    main()
