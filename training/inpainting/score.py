"""Scores the fills of evaluation/inpainting/quality.ts: ``python -m inpainting.score JOB.json``.

The job lists images, masks and fills as files; means by mask and method are printed as JSON.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from .metrics import gradient_ratio, grid, hole_l1, hole_psnr, ssim, with_noise
from .perceptual import PerceptualDistance

CLASSIC = {'telea (native OpenCV)': cv2.INPAINT_TELEA, 'navier_stokes (native OpenCV)': cv2.INPAINT_NS}
RADIUS = 3
NOISE_OVER = 'unet'
TIMING_RUNS = 3


def main() -> None:
    cv2.setNumThreads(1)
    job = json.loads(Path(sys.argv[1]).read_text())
    perceptual = PerceptualDistance(Path(job['features'])) if job.get('features') else None
    rows: dict[tuple[str, str], list[dict]] = {}
    for number, case in enumerate(job['cases']):
        for method, row in _score_case(case, number, perceptual):
            rows.setdefault((case['mask'], method), []).append(row)
    means = [{'mask': mask, 'method': method, 'pictures': len(found),
              **{key: float(np.mean([row[key] for row in found])) for key in found[0] if found[0][key] is not None}}
             for (mask, method), found in rows.items()]
    timing = [_time_case(case, job.get('network')) for case in job.get('timing', [])]
    json.dump({'rows': means, 'timing': timing}, sys.stdout)


def _time_case(case: dict, network: str | None) -> dict:
    """Adds the native fills, and the network in Python's onnxruntime, to the measured times."""
    truth = _read(case['truth'])
    hole = (cv2.imread(case['hole'], cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    times = dict(case['fills'])
    for method, kind in CLASSIC.items():
        times[method] = _best(lambda kind=kind: cv2.inpaint(truth, hole, RADIUS, kind))
    if network:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(network, options, providers=['CPUExecutionProvider'])
        feeds = {'image': (truth.transpose(2, 0, 1)[None] / 255).astype(np.float32),
                 'mask': hole[None, None].astype(np.float32)}
        times['network (Python onnxruntime, whole picture)'] = _best(lambda: session.run(None, feeds))
    return {'mask': case['mask'], 'share': float(hole.mean()), 'milliseconds': times}


def _best(run) -> float:
    times = []
    for _ in range(TIMING_RUNS + 1):
        start = time.process_time()
        run()
        times.append((time.process_time() - start) * 1e3)
    return min(times[1:])


def _score_case(case: dict, number: int, perceptual: PerceptualDistance | None):
    truth = _read(case['truth'])
    hole = (cv2.imread(case['hole'], cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    features = perceptual.features(truth) if perceptual else None
    fills = [(fill['method'], _read(fill['file']), fill['milliseconds']) for fill in case['fills']]
    for method, kind in CLASSIC.items():
        start = time.process_time()
        filled = cv2.inpaint(truth, hole, RADIUS, kind)
        fills.append((method, filled, (time.process_time() - start) * 1e3))
    for method, filled, milliseconds in list(fills):
        if method == NOISE_OVER:
            fills.append((f'{NOISE_OVER} + noise', with_noise(filled, hole, number), milliseconds))
    for method, filled, milliseconds in fills:
        perc, ptex = perceptual.measure(features, filled, hole) if perceptual else (None, None)
        yield method, {
            'psnr': hole_psnr(truth, filled, hole), 'ssim': ssim(truth, filled), 'l1': hole_l1(truth, filled, hole),
            'gradient': gradient_ratio(truth, filled, hole), 'grid': grid(truth, filled, hole), 'perc': perc,
            'ptex': ptex, 'seconds': milliseconds / 1e3, 'msPerMegapixel': milliseconds / (hole.size / 1e6),
            'knownChanged': float((truth != filled)[hole == 0].sum()),
        }


def _read(path: str) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(path, cv2.IMREAD_COLOR)[:, :, ::-1])


if __name__ == '__main__':
    main()
