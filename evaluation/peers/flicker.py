"""How much a filled region flickers: a JSON job on stdin, JSON out.

In:  {"truth": video, "hole": mask image, "videos": {name: video}}
Out: {name: {"hole", "ring", "ratio", "psnr", "frames"}}

The motion is OpenCV's dense flow (DIS) between true frames, independent of the product's motion estimate. Flicker
is the mean absolute difference between a frame and its predecessor warped by that motion, over pixels of the hole
(eroded by 3) that lie in it both times; the ring is the known area around it. Both frames are blurred by 2 pixels
first: sensor and codec noise are not flicker, and a fill without any noise must not benefit from that. Grey levels
of 255; PSNR in dB over the hole of the unblurred frames.
Needs opencv-python-headless.
"""

import json
import sys

import cv2
import numpy as np
from video_frames import frames

ERODE = 3
BLUR = 2
RING = (8, 24)


def floats(path: str) -> list[np.ndarray]:
    return [frame.astype(np.float32) for frame in frames(path)]


def motions(truth: list[np.ndarray]) -> list[np.ndarray]:
    """For each frame except the first, the position of its pixels in the previous frame, [h,w,2]."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame.astype(np.uint8), cv2.COLOR_BGR2GRAY) for frame in truth]
    height, width = grey[0].shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float32)
    return [grid + flow.calc(now, before, None) for before, now in zip(grey, grey[1:])]


def judge(video: list[np.ndarray], truth: list[np.ndarray], maps: list[np.ndarray], hole: np.ndarray) -> dict:
    inner = cv2.erode(hole, np.ones((2 * ERODE + 1,) * 2, np.uint8))
    near, far = (cv2.dilate(hole, np.ones((2 * reach + 1,) * 2, np.uint8)) for reach in RING)
    areas = {'hole': inner, 'ring': far - near}
    sums = {name: [0.0, 0] for name in areas}
    soft = [cv2.GaussianBlur(frame, (0, 0), BLUR) for frame in video]
    for before, now, places in zip(soft, soft[1:], maps):
        seen = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        change = np.abs(now - seen).mean(2)
        for name, area in areas.items():
            kept = cv2.remap(area.astype(np.float32), places, None, cv2.INTER_LINEAR)
            inside = (area == 1) & (kept > 0.99)
            sums[name][0] += float(change[inside].sum())
            sums[name][1] += int(inside.sum())
    flicker = {name: total / max(count, 1) for name, (total, count) in sums.items()}
    error = np.mean([((a - b)[hole == 1] ** 2).mean() for a, b in zip(video, truth)])
    return {**flicker, 'ratio': flicker['hole'] / flicker['ring'],
            'psnr': float(10 * np.log10(255 ** 2 / max(error, 1e-9))), 'frames': len(video)}


def main() -> None:
    cv2.setNumThreads(1)
    job = json.load(sys.stdin)
    truth = floats(job['truth'])
    hole = (cv2.imread(job['hole'], cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    maps = motions(truth)
    json.dump({name: judge(floats(path), truth, maps, hole) for name, path in job['videos'].items()}, sys.stdout)


if __name__ == '__main__':
    main()
