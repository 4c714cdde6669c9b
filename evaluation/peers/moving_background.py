"""Hole PSNR of filled videos against the unmasked one, and of OpenCV's Telea frame by frame: a JSON job on stdin,
JSON out.

In:  {"truth": video, "hole": mask image, "videos": {name: video}, "sheet": image to write or null}
Out: {name: PSNR in dB over the hole of all frames}, with "Telea, frame by frame" (radius 3) added

The sheet has one row per video, the truth first: ten frames from start to end, cropped to the surroundings of the
hole.
Needs opencv-python-headless.
"""

import json
import sys

import cv2
import numpy as np

from video_frames import frames

COLUMNS = 10
AROUND = 48


def main() -> None:
    cv2.setNumThreads(1)
    job = json.load(sys.stdin)
    truth = list(frames(job['truth']))
    hole = (cv2.imread(job['hole'], cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    videos = {name: list(frames(path)) for name, path in job['videos'].items()}
    videos['Telea, frame by frame'] = [cv2.inpaint(frame, hole, 3, cv2.INPAINT_TELEA) for frame in truth]
    psnr = {}
    for name, video in videos.items():
        error = np.mean([((a.astype(np.float64) - b)[hole == 1] ** 2).mean() for a, b in zip(video, truth)])
        psnr[name] = float(10 * np.log10(255 ** 2 / max(error, 1e-9)))
    if job['sheet']:
        ys, xs = np.nonzero(hole)
        area = np.s_[max(0, ys.min() - AROUND):ys.max() + AROUND, max(0, xs.min() - AROUND):xs.max() + AROUND]
        shown = np.linspace(0, len(truth) - 1, COLUMNS).astype(int)
        rows = [np.hstack([video[i][area] for i in shown]) for video in [truth, *videos.values()]]
        cv2.imwrite(job['sheet'], np.vstack(rows))
    json.dump(psnr, sys.stdout)


if __name__ == '__main__':
    main()
