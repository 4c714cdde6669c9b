"""Processor time in milliseconds of OpenCV's native fills, one thread: a JSON job on stdin, JSON out.

In:  {"image": file, "holes": {kind: mask file}, "network": ONNX file, "rounds": n}
Out: {kind: {"telea": [ms...], "navier_stokes": [ms...], "network": [ms...]}}

`network` is the product's graph in Python's onnxruntime on the whole image. The first round is a warm-up.
Needs opencv-python-headless, onnxruntime.
"""

import json
import sys
import time

import cv2
import numpy as np
import onnxruntime

RADIUS = 3


def times(run, rounds: int) -> list[float]:
    found = []
    for _ in range(rounds + 1):
        start = time.process_time()
        run()
        found.append((time.process_time() - start) * 1000)
    return found[1:]


def main() -> None:
    cv2.setNumThreads(1)
    job = json.load(sys.stdin)
    bgr = cv2.imread(job['image'], cv2.IMREAD_COLOR)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(job['network'], options, providers=['CPUExecutionProvider'])
    image = (bgr[:, :, ::-1].transpose(2, 0, 1)[None] / 255).astype(np.float32)
    answer = {}
    for kind, file in job['holes'].items():
        hole = (cv2.imread(file, cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
        feeds = {'image': image, 'mask': hole[None, None].astype(np.float32)}
        answer[kind] = {
            'telea': times(lambda: cv2.inpaint(bgr, hole, RADIUS, cv2.INPAINT_TELEA), job['rounds']),
            'navier_stokes': times(lambda: cv2.inpaint(bgr, hole, RADIUS, cv2.INPAINT_NS), job['rounds']),
            'network': times(lambda: session.run(None, feeds), job['rounds']),
        }
    json.dump(answer, sys.stdout)


if __name__ == '__main__':
    main()
