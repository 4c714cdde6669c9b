"""The manifest and the training record that are shipped with the weights."""

import hashlib
import json
from datetime import date
from pathlib import Path

import onnx
import torch

from training_loop import effort, log_lines

from .labels import LABELS
from .network import SIZE
from .render import LETTERBOX_GREY

_DATA = ('Scenes drawn by training/detection/render.py: 0 to 20 figures of eight kinds from 8 to 200 pixels, most of them small, partly '
         'covering each other, on textures, noise and parts of {photos} photographs (BSDS500 train and val, COCO128, 80 of Urban100, photos '
         'under free licences), with clutter, light, blur, noise and compression.')
_DTYPES = {onnx.TensorProto.FLOAT: 'float32'}


def describe(checkpoint: Path, parity: dict[str, float], result: dict) -> dict:
    """The training record of a checkpoint: seed, data, effort, loss curve and the held-out result in full."""
    state = torch.load(checkpoint, weights_only=True)
    lines = log_lines(checkpoint, state['counters']['updates'])
    return {
        'data': _DATA.format(photos=state['photos']), 'weights': 'moving average, decay 0.999', **effort(state, 'scenes'),
        'curve': lines[::max(1, len(lines) // 40)], 'parityMaxDifference': parity, 'heldOut': result,
    }


def write_manifest(folder: Path, record: dict, result: dict) -> None:
    """Writes manifest.json and training.json next to the graph."""
    graph_path = folder / 'model.onnx'
    content, graph = graph_path.read_bytes(), onnx.load(graph_path).graph
    manifest = {
        'id': folder.name, 'version': '1.0.0', 'task': 'detection', 'kind': 'detector', 'licence': 'MIT',
        'source': 'training/detection', 'trainedBy': 'training/detection',
        'description': 'Finds eight kinds of drawn shapes. It knows nothing of photographed objects.',
        'files': {'model': {'path': graph_path.name, 'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}},
        'inputs': {'model': [_tensor_record(value) for value in graph.input]},
        'outputs': {'model': [_tensor_record(value) for value in graph.output]},
        'preprocessing': {
            'preset': 'unit', 'width': SIZE, 'height': SIZE, 'layout': 'NCHW', 'channelOrder': 'RGB',
            'resize': {'rule': 'letterbox', 'fill': [LETTERBOX_GREY] * 3}, 'interpolation': 'bilinear',
        },
        'head': {'family': 'yolov8', 'coordinates': 'pixels'},
        'labels': list(LABELS),
        'threshold': 0.35,
        'nms': {'iou': 0.45, 'agnostic': False},
        'maxDetections': 100,
        'figures': [{
            'metric': 'mAP at an overlap of 0.5', 'value': result['mAP50'],
            'set': f'{result["scenes"]} scenes with {result["objects"]} objects, drawn by scripts/render/shape-scene.ts',
            'date': date.today().isoformat(), 'command': f'npm run eval:detection -- --scenes {result["scenes"]}',
        }],
        'training': {key: record[key] for key in ('seed', 'data', 'weights', 'updates', 'scenes', 'seconds', 'torch')},
    }
    (folder / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n')
    (folder / 'training.json').write_text(json.dumps(record, indent=2) + '\n')


def _tensor_record(value) -> dict:
    tensor = value.type.tensor_type
    shape = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
    return {'name': value.name, 'dtype': _DTYPES[tensor.elem_type], 'shape': shape}
