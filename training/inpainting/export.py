"""Exports a checkpoint: ``python -m inpainting.export --checkpoint runs/a/checkpoint.pt``.

Writes model.onnx (any size in multiples of 16), compares it with torch, and writes manifest.json and
training.json beside it.
"""

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F

from training_loop import effort, log_lines

from .network import SIZE_MULTIPLE, InpaintingNetwork
from .train import BAND_WEIGHT, FINAL_RATE, PEAK_RATE, SHAPES, SQUARE_WEIGHT

OPSET = 17
TOLERANCE = 1e-4
PARITY_SIZES = ((96, 128), (256, 320), (48, 528), (32, 16), (16, 16))
MAX_SIDE = 2048
CURVE_POINTS = 30


def export_graph(network: InpaintingNetwork, path: Path) -> None:
    """Writes image [1,3,H,W] in 0..1, mask [1,1,H,W] with 1 = hole -> output [1,3,H,W] in 0..1."""
    image, mask = _sample(96, 128)
    free = {2: 'height', 3: 'width'}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(network, (image, mask), str(path), input_names=['image', 'mask'], output_names=['output'],
                          opset_version=OPSET, dynamo=False, dynamic_axes={'image': free, 'mask': free, 'output': free})
    model = onnx.load(path)
    for axis, size in zip(model.graph.output[0].type.tensor_type.shape.dim, (1, 3, 'height', 'width'), strict=True):
        # The exporter leaves an unnamed dynamic dimension where it cannot prove the size.
        if isinstance(size, int):
            axis.dim_value = size
        else:
            axis.dim_param = size
    onnx.save(model, path)


def check_parity(network: InpaintingNetwork, path: Path) -> float:
    """Largest difference between torch and onnxruntime; known pixels must be bit-identical.

    Raises ValueError beyond the tolerance, for a changed known pixel, or for a non-finite number.
    """
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    worst = 0.0
    for height, width in PARITY_SIZES:
        image, mask = _sample(height, width)
        with torch.no_grad():
            expected = network(image, mask).numpy()
        output = session.run(None, {'image': image.numpy(), 'mask': mask.numpy()})[0]
        known = (mask.numpy() == 0) & np.ones_like(output, bool)
        if not np.isfinite(output).all() or not np.array_equal(output[known], image.numpy()[known]):
            raise ValueError(f'{height}x{width}: a known pixel changed or an output is not finite')
        worst = max(worst, float(np.abs(output - expected).max()))
    if not worst <= TOLERANCE:
        raise ValueError(f'torch and onnxruntime differ by {worst}, the limit is {TOLERANCE}')
    return worst


def _sample(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    image = torch.rand(1, 3, height, width, generator=generator)
    coarse = torch.rand(1, 1, height // SIZE_MULTIPLE, width // SIZE_MULTIPLE, generator=generator)
    return image, (F.interpolate(coarse, scale_factor=float(SIZE_MULTIPLE)) > 0.6).float()


def training_record(checkpoint: Path, state: dict) -> dict:
    """Data, recipe, effort and the curve of a training."""
    lines = log_lines(checkpoint, state['counters']['updates'])
    return {
        **effort(state, 'crops'),
        'data': f"{state['photos']} photos (BSDS500 train and val, COCO128, 80 of Urban100, photos under free licences), "
                '60 of the same sources left out for judging; random crops, flips, strokes and boxes as holes.',
        'recipe': {'batches': [list(shape) for shape in SHAPES], 'peakRate': PEAK_RATE, 'finalRate': FINAL_RATE,
                   'loss': f'hole L1 + {SQUARE_WEIGHT} squared + {BAND_WEIGHT} of three Laplacian bands',
                   'weights': 'moving average, decay 0.999'},
        'curve': lines[::max(1, len(lines) // CURVE_POINTS)],
    }


def manifest(path: Path) -> dict:
    """Content of models/inpainting/manifest.json."""
    content = path.read_bytes()
    picture = {'dtype': 'float32', 'layout': 'NCHW', 'channelOrder': 'RGB', 'range': [0, 1]}
    shape = lambda name, channels: {'name': name, 'dtype': 'float32', 'shape': [1, channels, 'height', 'width']}
    return {
        'id': 'inpainting', 'version': '2.0.0', 'task': 'inpainting', 'kind': 'fill', 'licence': 'MIT',
        'files': {'model': {'path': path.name, 'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}},
        'inputs': {'model': [shape('image', 3), shape('mask', 1)]}, 'outputs': {'model': [shape('output', 3)]},
        'image': {'name': 'image', **picture, 'holeFill': None},
        'mask': {'name': 'mask', 'dtype': 'float32', 'layout': 'NCHW', 'hole': 1, 'known': 0},
        'output': {'name': 'output', **picture},
        'size': {'kind': 'multiple', 'of': SIZE_MULTIPLE, 'min': SIZE_MULTIPLE, 'max': MAX_SIDE},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--out', type=Path, default=Path(__file__).resolve().parents[2] / 'models' / 'inpainting')
    parser.add_argument('--figures', type=Path, help='figures written by npm run eval:inpainting')
    options = parser.parse_args()
    torch.set_num_threads(1)
    state = torch.load(options.checkpoint, weights_only=True)
    network = InpaintingNetwork().eval()
    network.load_state_dict(state['average'])
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / 'model.onnx'
    export_graph(network, path)
    record = training_record(options.checkpoint, state)
    record['parityMaxDifference'] = check_parity(network, path)
    described = manifest(path)
    described['figures'] = json.loads(options.figures.read_text()) if options.figures else []
    (options.out / 'manifest.json').write_text(json.dumps(described, indent=2) + '\n')
    (options.out / 'training.json').write_text(json.dumps(record, indent=2) + '\n')
    print(path, path.stat().st_size, 'bytes; torch and onnxruntime differ by', record['parityMaxDifference'])


if __name__ == '__main__':
    main()
