"""OpenCV's USAC MAGSAC on pairs of points: JSON lines in, JSON lines out.

In:  {"name", "model": "fundamental" | "homography", "threshold", "goal": [[x, y]...], "current": [[x, y]...]}
Out: {"name", "inliers": [0 | 1...], "milliseconds"}

Needs opencv-python-headless 4.5 or later.
"""

import json
import sys
import time

import cv2
import numpy as np

CONFIDENCE = 0.9999
ITERATIONS = 10_000


def estimate(case: dict) -> np.ndarray:
    goal = np.asarray(case['goal'], np.float64)
    current = np.asarray(case['current'], np.float64)
    threshold = case['threshold']
    if case['model'] == 'fundamental':
        _, mask = cv2.findFundamentalMat(goal, current, cv2.USAC_MAGSAC, threshold, CONFIDENCE, ITERATIONS)
    else:
        _, mask = cv2.findHomography(goal, current, cv2.USAC_MAGSAC, threshold,
                                     maxIters=ITERATIONS, confidence=CONFIDENCE)
    return np.zeros(len(goal), int) if mask is None else mask.ravel().astype(int)


def main() -> None:
    cv2.setNumThreads(1)
    for line in sys.stdin:
        case = json.loads(line)
        start = time.perf_counter()
        inliers = estimate(case)
        milliseconds = 1000 * (time.perf_counter() - start)
        print(json.dumps({'name': case['name'], 'inliers': inliers.tolist(), 'milliseconds': milliseconds}))


if __name__ == '__main__':
    main()
