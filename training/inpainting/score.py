"""Scores what scripts/inpainting-quality.ts filled: ``python -m inpainting.score JOB.json``.

The job lists pictures, masks and fills as files; the means by mask and method are printed as JSON.
"""

import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from .metrics import gradient_ratio, grid, hole_l1, hole_psnr, ssim, with_noise
from .perceptual import PerceptualDistance

CLASSIC = {'telea (native OpenCV)': cv2.INPAINT_TELEA, 'navier_stokes (native OpenCV)': cv2.INPAINT_NS}
RADIUS = 3
NOISE_OVER = 'unet'


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
    json.dump(means, sys.stdout)


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
