"""The manifest and the training record that are shipped with the weights."""

import hashlib
import json
from datetime import date
from pathlib import Path

import onnx
import torch

from training_loop import effort, log_lines

from .labels import LABELS
from .network import MEAN, SIZE, SPREAD

_DATA = ('Drawn by training/classifier/render.py: 40 kinds of flat shapes, symbols, shaded solids and textures in random '
         'pose, colour, size, light and clutter, blurred, noisy and compressed. No photographs and no third-party data.')
_DTYPES = {onnx.TensorProto.FLOAT: 'float32'}


def describe(checkpoint: Path, parity: float, summary: dict) -> dict:
    """The training record of a checkpoint: seed, data, effort, loss curve and the held-out result in full."""
    state = torch.load(checkpoint, weights_only=True)
    lines = log_lines(checkpoint, state['counters']['updates'])
    return {
        'data': _DATA, 'weights': 'moving average, decay 0.999', **effort(state, 'pictures'),
        'curve': lines[::max(1, len(lines) // 40)], 'parityMaxDifference': parity, 'heldOut': summary,
    }


def write_manifest(folder: Path, record: dict, summary: dict) -> None:
    """Writes manifest.json and training.json next to the graph."""
    graph_path = folder / 'model.onnx'
    content, graph = graph_path.read_bytes(), onnx.load(graph_path).graph
    measured = {'set': f'{summary["pictures"]} drawn pictures, stream "held out"', 'date': date.today().isoformat(),
                'command': f'python -m classifier.evaluate --pictures {summary["pictures"]}'}
    manifest = {
        'id': folder.name, 'version': '1.0.0', 'task': 'classification', 'kind': 'classifier', 'licence': 'MIT',
        'source': 'training/classifier', 'trainedBy': 'training/classifier',
        'description': 'Tells 40 kinds of drawn shapes, symbols, solids and textures apart. It knows nothing of photographs.',
        'files': {'model': {'path': graph_path.name, 'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}},
        'inputs': {'model': [_tensor_record(value) for value in graph.input]},
        'outputs': {'model': [_tensor_record(value) for value in graph.output]},
        'preprocessing': {
            'width': SIZE, 'height': SIZE, 'layout': 'NCHW', 'channelOrder': 'RGB', 'range': '0..1',
            'mean': [MEAN] * 3, 'std': [SPREAD] * 3, 'resize': {'rule': 'crop', 'shortSide': SIZE},
            'interpolation': 'bilinear', 'background': [255, 255, 255],
        },
        'output': {'name': graph.output[0].name, 'activation': 'logits'},
        'labels': list(LABELS),
        'batching': {'maxBatch': 16, 'maxDelayMs': 2, 'maxQueue': 256},
        'figures': [{'metric': f'{metric} accuracy, per cent', 'value': summary[metric], **measured}
                    for metric in ('top1', 'top5')],
        'training': {key: record[key] for key in ('seed', 'data', 'weights', 'updates', 'pictures', 'seconds', 'torch')},
    }
    (folder / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n')
    (folder / 'training.json').write_text(json.dumps(record, indent=2) + '\n')


def _tensor_record(value) -> dict:
    tensor = value.type.tensor_type
    shape = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
    return {'name': value.name, 'dtype': _DTYPES[tensor.elem_type], 'shape': shape}
