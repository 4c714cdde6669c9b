"""Compares our key points with OpenCV's: ``python3 benchmarks/peers/keypoints.py --detector AKAZE CLIP...`` after
``npm run build``.

For every clip and frame distance: epipolar inliers of mutual matches with the ratio test, with equal numbers of
key points, and processor time, alternating between both in one run. A cell is one clip at one distance, summed
over its pairs. Exits with 1 when ours finds under 95 % of OpenCV's inliers in total, under 90 % in a cell with 30
or more, or takes longer. Needs opencv-python-headless and numpy.
"""

import argparse
import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

RATIO = 0.8
INLIER_PIXELS = 1.0
MAX_KEYPOINTS = 1024
DISTANCES = (2, 10, 30, 60)
PAIRS = 4
LONG_SIDE = 640
ROOT = Path(__file__).resolve().parents[2]
OPENCV = {'SIFT': lambda: cv2.SIFT_create(MAX_KEYPOINTS), 'ORB': lambda: cv2.ORB_create(MAX_KEYPOINTS),
          'AKAZE': cv2.AKAZE_create}


class Ours:
    """The product's detector in a child process."""

    def __init__(self, detector: str):
        script = ROOT / 'dist' / 'benchmarks' / 'cns' / 'detect-images.js'
        self.process = subprocess.Popen(['node', str(script), '--detector', detector], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __call__(self, image: np.ndarray) -> tuple[tuple, float]:
        self.process.stdin.write(struct.pack('<II', image.shape[1], image.shape[0]) + image.tobytes())
        self.process.stdin.flush()
        count, width, milliseconds = struct.unpack('<IId', self.process.stdout.read(16))
        points = np.frombuffer(self.process.stdout.read(8 * count), np.float32).reshape(-1, 2)
        rows = np.frombuffer(self.process.stdout.read(count * width), np.uint8).reshape(-1, max(width, 1))
        return (points, rows), milliseconds

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class OpenCv:
    """The strongest key points of OpenCV's detector."""

    def __init__(self, detector: str):
        self.detector = OPENCV[detector]()

    def __call__(self, image: np.ndarray) -> tuple[tuple, float]:
        start = time.thread_time()
        keypoints, descriptors = self.detector.detectAndCompute(image, None)
        milliseconds = 1000 * (time.thread_time() - start)
        order = np.argsort([-point.response for point in keypoints], kind='stable')[:MAX_KEYPOINTS]
        points = np.float32([keypoints[k].pt for k in order]).reshape(-1, 2)
        rows = np.zeros((0, 1), np.float32) if descriptors is None else descriptors[order]
        return (points, rows.view(np.uint8).reshape(len(rows), -1)), milliseconds


def distances(first: np.ndarray, second: np.ndarray, floats: bool) -> np.ndarray:
    if floats:
        a, b = first.view(np.float32), second.view(np.float32)
        return np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0))
    # Number of differing bits: those set only in the first, plus those set only in the second.
    a, b = (np.unpackbits(rows, axis=1).astype(np.float32) for rows in (first, second))
    return a.sum(1)[:, None] + b.sum(1)[None] - 2 * a @ b.T


def count_inliers(first: tuple, second: tuple, floats: bool) -> int:
    """Mutual nearest neighbours that pass the ratio test and agree with one fundamental matrix."""
    (points0, rows0), (points1, rows1) = first, second
    if min(len(points0), len(points1)) < 8:
        return 0
    table = distances(rows0, rows1, floats)
    two = np.sort(np.partition(table, 1, axis=1)[:, :2], 1)
    best = table.argmin(1)
    good = (table.argmin(0)[best] == np.arange(len(best))) & (two[:, 0] < RATIO * two[:, 1])
    if good.sum() < 8:
        return 0
    cv2.setRNGSeed(1)
    pairs = points0[good], points1[best[good]]
    try:
        _, mask = cv2.findFundamentalMat(*pairs, cv2.USAC_MAGSAC, INLIER_PIXELS, 0.999, 5000)
    except cv2.error:
        # MAGSAC fails with an assertion when it finds no model.
        _, mask = cv2.findFundamentalMat(*pairs, cv2.RANSAC, INLIER_PIXELS, 0.999, 5000)
    return 0 if mask is None else int(mask.sum())


def read_pairs(clip: Path, distance: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Grey image pairs spread over the clip, scaled to a long side of LONG_SIDE."""
    video = cv2.VideoCapture(str(clip))
    frames = []
    while True:
        there, frame = video.read()
        if not there:
            break
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        scale = min(1, LONG_SIDE / max(grey.shape))
        size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
        frames.append(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
    starts = np.linspace(0, len(frames) - 1 - distance, PAIRS).astype(int) if len(frames) > distance else []
    return [(frames[start], frames[start + distance]) for start in dict.fromkeys(starts)]


def compare(clips: list[Path], detector: str) -> bool:
    """Prints the table; returns whether all limits hold."""
    ours, peer, floats = Ours(detector), OpenCv(detector), detector == 'SIFT'
    milliseconds, cells = {'ours': [], 'peer': []}, {}
    for clip in clips:
        for distance in DISTANCES:
            sums = cells.setdefault((clip.stem, distance), {'ours': 0, 'peer': 0})
            for pair in read_pairs(clip, distance):
                for name, method in (('ours', ours), ('peer', peer)):
                    found = [method(image) for image in pair]
                    sums[name] += count_inliers(found[0][0], found[1][0], floats)
                    milliseconds[name] += [spent for _, spent in found]
    ours.close()
    return report(cells, milliseconds)


def report(cells: dict, milliseconds: dict) -> bool:
    print(f'{"clip":24}{"distance":>9}{"ours":>8}{"OpenCV":>8}{"share":>8}')
    weak = 0
    for (clip, distance), sums in cells.items():
        share = sums['ours'] / max(sums['peer'], 1)
        weak += sums['peer'] >= 30 and share < 0.9
        print(f'{clip:24}{distance:9}{sums["ours"]:8}{sums["peer"]:8}{share:8.2f}')
    total = sum(sums['ours'] for sums in cells.values()) / sum(sums['peer'] for sums in cells.values())
    # The first image includes loading and compilation.
    mine, peer = (np.array(milliseconds[name][1:]) for name in ('ours', 'peer'))
    ratio = float(mine.sum() / peer.sum())
    print(f'inliers in total {total:.3f} of OpenCV, cells of 30 or more under 0.9: {weak}')
    print(f'processor time, {len(mine)} images each: ours {mine.mean():.1f} ms (median {np.median(mine):.1f}), '
          f'OpenCV {peer.mean():.1f} ms (median {np.median(peer):.1f}), ratio {ratio:.2f}')
    return total >= 0.95 and weak == 0 and ratio <= 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('clips', type=Path, nargs='+')
    parser.add_argument('--detector', choices=tuple(OPENCV), required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sys.exit(0 if compare(options.clips, options.detector) else 1)


if __name__ == '__main__':
    main()
