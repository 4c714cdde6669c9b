"""Compares our SIFT with OpenCV's: ``python -m sift.compare CLIP...``.

For every clip and frame distance: epipolar inliers of mutual matches with the ratio test, and the time of one
thread, alternating between both in one run. A cell is one clip at one distance, summed over its pairs. Exits with
1 when ours finds under 95 % of OpenCV's inliers in total, under 90 % in a cell with 30 or more, or takes longer.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from .export import CONTRAST

RATIO = 0.8
INLIER_PIXELS = 1.0
MAX_KEYPOINTS = 1024
DISTANCES = (2, 10, 30, 60)
PAIRS = 4
LONG_SIDE = 640
MODEL = Path(__file__).resolve().parents[2] / 'models' / 'sift' / 'sift.onnx'


@dataclass
class Cell:
    """Sums over the pairs of one clip at one distance."""

    inliers: int = 0
    peer_inliers: int = 0


class OurSift:
    """The exported graph on one thread."""

    def __init__(self, path: Path, contrast: float):
        self.contrast = np.float32([contrast])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = picture.shape
        padded = cv2.copyMakeBorder(picture, 0, -height % 32, 0, -width % 32, cv2.BORDER_REPLICATE)
        points, _, descriptors, frames = self.session.run(
            None, {'image': padded[None, None], 'contrast': self.contrast})
        # As in the product, key points whose patch reaches into the padding are dropped.
        kept = (points + 2 * frames[:, :1] <= (width - 1, height - 1)).all(1)
        return points[kept], descriptors[kept]


class OpenCvSift:
    """``cv2.SIFT_create`` with the same number of key points."""

    def __init__(self):
        self.sift = cv2.SIFT_create(MAX_KEYPOINTS)

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        keypoints, descriptors = self.sift.detectAndCompute(picture, None)
        points = np.float32([point.pt for point in keypoints]).reshape(-1, 2)
        return points, np.zeros((0, 128), np.float32) if descriptors is None else descriptors


def count_inliers(first: tuple, second: tuple) -> int:
    """Mutual nearest neighbours that pass the ratio test and agree with one fundamental matrix."""
    (points0, vectors0), (points1, vectors1) = first, second
    if min(len(points0), len(points1)) < 8:
        return 0
    squared = (vectors0**2).sum(1)[:, None] + (vectors1**2).sum(1)[None] - 2 * vectors0 @ vectors1.T
    nearest = np.argpartition(squared, 1, axis=1)[:, :2]
    values = np.sqrt(np.maximum(np.take_along_axis(squared, nearest, 1), 0))
    order = values.argsort(1)
    best = np.take_along_axis(nearest, order, 1)[:, 0]
    values = np.take_along_axis(values, order, 1)
    good = (squared.argmin(0)[best] == np.arange(len(best))) & (values[:, 0] < RATIO * values[:, 1])
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


def compare(clips: list[Path], ours: OurSift) -> bool:
    """Prints the table; returns whether all limits hold."""
    methods = {'ours': ours, 'peer': OpenCvSift()}
    seconds = {'ours': [], 'peer': []}
    cells: dict[tuple[str, int], Cell] = {}
    for clip in clips:
        for distance in DISTANCES:
            cell = cells.setdefault((clip.stem, distance), Cell())
            for pair in read_pairs(clip, distance):
                found = {name: [] for name in methods}
                for picture in pair:
                    for name, method in methods.items():
                        start = time.thread_time()
                        found[name].append(method(picture))
                        seconds[name].append(time.thread_time() - start)
                cell.inliers += count_inliers(*found['ours'])
                cell.peer_inliers += count_inliers(*found['peer'])
    return report(cells, seconds)


def report(cells: dict, seconds: dict) -> bool:
    print(f'{"clip":24}{"distance":>9}{"ours":>8}{"OpenCV":>8}{"share":>8}')
    weak = 0
    for (clip, distance), cell in cells.items():
        share = cell.inliers / max(cell.peer_inliers, 1)
        weak += cell.peer_inliers >= 30 and share < 0.9
        print(f'{clip:24}{distance:9}{cell.inliers:8}{cell.peer_inliers:8}{share:8.2f}')
    total = sum(cell.inliers for cell in cells.values()) / sum(cell.peer_inliers for cell in cells.values())
    # Processor time of the calling thread, which is the only one; over all images of all clips.
    ours, peer = (1000 * np.array(seconds[name]) for name in ('ours', 'peer'))
    ratio = float(ours.sum() / peer.sum())
    print(f'inliers in total {total:.3f} of OpenCV, cells of 30 or more under 0.9: {weak}')
    print(f'one thread, {len(ours)} pictures each: ours {ours.mean():.1f} ms (median {np.median(ours):.1f}), '
          f'OpenCV {peer.mean():.1f} ms (median {np.median(peer):.1f}), ratio {ratio:.2f}')
    return total >= 0.95 and weak == 0 and ratio <= 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('clips', type=Path, nargs='+')
    parser.add_argument('--model', type=Path, default=MODEL)
    parser.add_argument('--contrast', type=float, default=CONTRAST)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sys.exit(0 if compare(options.clips, OurSift(options.model, options.contrast)) else 1)


if __name__ == '__main__':
    main()
