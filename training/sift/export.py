"""Exports SIFT: ``python -m sift.export``. Writes models/sift/sift.onnx and its manifest, and compares the graph with
torch over several image sizes, including empty images.
"""

import argparse
import contextlib
import hashlib
import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .network import MAX_KEYPOINTS, SiftNetwork

OPSET = 17
CONTRAST = 0.03
OUTPUTS = ('keypoints', 'scores', 'descriptors', 'frames')
SIZES = ((480, 640), (736, 1280), (384, 640), (640, 640), (160, 224))


def export_network(path: Path) -> SiftNetwork:
    """Writes the graph with dynamic height and width."""
    network = SiftNetwork().eval()
    sample = (torch.from_numpy(textured(480, 640))[None, None], torch.tensor([CONTRAST]))
    axes = {'image': {2: 'height', 3: 'width'}, **{name: {0: 'n'} for name in OUTPUTS}}
    with torch.no_grad(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        torch.onnx.export(network, sample, str(path), opset_version=OPSET, dynamo=False, do_constant_folding=True,
                          input_names=['image', 'contrast'], output_names=list(OUTPUTS), dynamic_axes=axes)
    return network


def textured(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Grey rectangles of many sizes."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width), 128, np.uint8)
    for _ in range(height * width // 800):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.integers(3, 40, 2)
        picture[y:y + h, x:x + w] = random.integers(0, 256)
    return picture


def check_parity(network: SiftNetwork, path: Path) -> float:
    """Largest difference of any output; raises ValueError for differing counts or non-finite outputs."""
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    worst = 0.0
    for height, width in SIZES:
        for picture in (textured(height, width, height), np.zeros((height, width), np.uint8)):
            found = session.run(list(OUTPUTS), {'image': picture[None, None], 'contrast': np.float32([CONTRAST])})
            with torch.no_grad():
                expected = network(torch.from_numpy(picture)[None, None], torch.tensor([CONTRAST]))
            worst = max(worst, _difference(found, [part.numpy() for part in expected]))
    return worst


def _difference(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    if any(a.shape != b.shape for a, b in zip(found, expected, strict=True)):
        raise ValueError(f'shapes differ: {[a.shape for a in found]} and {[b.shape for b in expected]}')
    if not all(np.isfinite(part).all() for part in found):
        raise ValueError('an output is not finite')
    if not len(found[0]):
        return 0.0
    # The order may differ where scores are nearly equal, and a few points may lie on a threshold.
    rows = [np.concatenate([part[0], part[3], part[1][:, None], part[2]], 1) for part in (found, expected)]
    apart = np.abs(rows[0][:, None] - rows[1][None]).max(2).min(1)
    same = apart < 0.01
    if same.mean() < 0.995:
        raise ValueError(f'{(~same).sum()} of {len(same)} key points differ')
    return float(apart[same].max())


def write_manifest(folder: Path, difference: float) -> None:
    """The manifest of the detector ``SIFT``."""
    content = (folder / 'sift.onnx').read_bytes()
    tensor = lambda name, dtype, shape: {'name': name, 'dtype': dtype, 'shape': shape}
    manifest = {
        'id': 'sift', 'version': '1.0.0', 'task': 'features', 'kind': 'keypoints', 'licence': 'MIT',
        'source': 'training/sift', 'trainedBy': 'Nothing is learnt: Lowe 2004 as a graph, written here.',
        'files': {'detector': {'path': 'sift.onnx', 'sha256': hashlib.sha256(content).hexdigest(),
                               'bytes': len(content)}},
        'inputs': {'detector': [tensor('image', 'uint8', [1, 1, 'height', 'width']),
                                tensor('contrast', 'float32', [1])]},
        'outputs': {'detector': [tensor('keypoints', 'float32', ['n', 2]), tensor('scores', 'float32', ['n']),
                                 tensor('descriptors', 'float32', ['n', 128]),
                                 tensor('frames', 'float32', ['n', 2])]},
        'detector': {
            'name': 'SIFT',
            'input': {'name': 'image', 'dtype': 'uint8', 'size': {'multipleOf': 32, 'min': 64, 'max': 1920}},
            'sensitivity': {'name': 'contrast', 'normal': CONTRAST, 'sensitive': 0.008},
            'maxFeatures': MAX_KEYPOINTS,
            'lists': {'keypoints': {'name': 'keypoints', 'units': 'pixels'}, 'scores': {'name': 'scores'},
                      'descriptors': {'name': 'descriptors'},
                      'frames': {'name': 'frames', 'diameterPerSigma': 12}},
        },
        'parityMaxDifference': difference,
    }
    (folder / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path(__file__).resolve().parents[2] / 'models' / 'sift')
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / 'sift.onnx'
    difference = check_parity(export_network(path), path)
    write_manifest(options.out, difference)
    print(f'{path.stat().st_size} bytes, largest difference to torch {difference:.2g}')


if __name__ == '__main__':
    main()
