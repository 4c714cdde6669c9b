"""How much a filled video differs from its source outside the mask: a JSON job on stdin, JSON out.

In:  {"source": video, "mask": video or image, "videos": {name: video}}
Out: {name: {"frames", "mean", "worst"}}

Mean absolute difference of the colours, 0 to 255, over pixels at least 16 away from the mask (scaled to the
source; its last frame is repeated when it ends early), and the largest mean of any frame.
Needs opencv-python-headless.
"""

import json
import sys

import cv2
import numpy as np

from video_frames import frames

AWAY = 16


def masks(path: str, size: tuple[int, int]):
    last = None
    for frame in frames(path):
        hole = (cv2.resize(frame[:, :, 0], size) > 127).astype(np.uint8)
        last = cv2.dilate(hole, np.ones((2 * AWAY + 1,) * 2, np.uint8)) == 0
        yield last
    while last is not None:
        yield last


def difference(source: str, mask: str, video: str) -> dict:
    means = []
    holes = None
    for before, after in zip(frames(source), frames(video)):
        holes = holes or masks(mask, (before.shape[1], before.shape[0]))
        known = next(holes)
        size = before.shape[:2]
        means.append(float(np.abs(before.astype(int) - after[:size[0], :size[1]])[known].mean()))
    return {'frames': len(means), 'mean': float(np.mean(means)), 'worst': max(means)}


def main() -> None:
    cv2.setNumThreads(1)
    job = json.load(sys.stdin)
    json.dump({name: difference(job['source'], job['mask'], path) for name, path in job['videos'].items()}, sys.stdout)


if __name__ == '__main__':
    main()
