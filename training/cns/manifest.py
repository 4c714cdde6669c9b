"""The manifest and the training record that are shipped beside the weights."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import onnx
import torch

from training_loop import effort, log_lines

from .clusters import CLUSTER_FACTOR, IDENTITY_BELOW, MIN_CLUSTERS
from .network import HIDDEN_WIDTH
from .schedule import PHASES
from .stop_rule import THRESHOLDS

MAX_POINTS = 512
GRAPHS = ('goal', 'step', 'twist', 'policy')
_DATA = ('Synthetic: batches of point scenes (cylinders with textured patches, views filled at varied depth), '
         'random goal and start poses, focal lengths of 0.6 to 1.5 image widths, jitter, wrong matches and '
         'vanishing points. Labels: pose-based servo law with the scene centre as feature. The camera is moved by the '
         'policy, by the teacher, and in about half of the scenes by other drivers (random motion, carried to another '
         'place, at its own speed, away from the goal, past it). No pictures and no third-party data.')
_DTYPES = {onnx.TensorProto.FLOAT: 'float32'}


def describe(checkpoint: Path, averaged: bool) -> dict:
    """The training record of a checkpoint: seed, data, effort and the loss curve of each phase."""
    state = torch.load(checkpoint, weights_only=True)
    record = effort(state, 'frames')
    budgets, lines = record.pop('budgetSeconds'), log_lines(checkpoint, record['updates'])
    return {
        'data': _DATA, 'weights': 'moving average, decay 0.999' if averaged else 'last', **record,
        'phases': [_phase_record(phase, budgets[phase.name], lines) for phase in PHASES],
    }


def _phase_record(phase, seconds: float, lines: list[dict]) -> dict:
    own = [line for line in lines if line['phase'] == phase.name]
    last = own[-5:]
    mean = lambda key: round(sum(line[key] for line in last) / len(last), 4) if last else None
    return {
        'name': phase.name, 'budgetSeconds': seconds, 'peakRate': phase.peak_rate, 'finalRate': phase.final_rate,
        'windowFrames': phase.window, 'episodes': asdict(phase.episodes),
        'finalDirectionLoss': mean('direction'), 'finalMagnitudeLoss': mean('magnitude'),
        'curve': [{key: line[key] for key in ('update', 'seconds', 'frames', 'direction', 'magnitude', 'rate')}
                  for line in own[::max(1, len(own) // 20)]],
    }


def write_manifest(folder: Path, record: dict, memory: str) -> None:
    """Writes manifest.json and training.json beside the graphs."""
    manifest = {
        'id': 'cns', 'version': '1.2.0', 'task': 'cns', 'kind': 'policy', 'licence': 'MIT',
        'files': {name: _file_record(folder / f'{name}.onnx') for name in GRAPHS},
        'inputs': {}, 'outputs': {}, 'hiddenWidth': HIDDEN_WIDTH,
        'clusters': {'factor': CLUSTER_FACTOR, 'min': MIN_CLUSTERS, 'identityBelow': IDENTITY_BELOW},
        'maxPoints': MAX_POINTS, 'stopRule': {'thresholds': THRESHOLDS}, 'defaultMemory': memory,
        'training': {key: record[key] for key in ('seed', 'data', 'weights', 'updates', 'frames', 'seconds', 'torch')},
        'evaluation': {},
    }
    manifest['training']['figures'] = [
        {key: phase[key] for key in ('name', 'finalDirectionLoss', 'finalMagnitudeLoss')} for phase in record['phases']]
    for name in GRAPHS:
        graph = onnx.load(folder / f'{name}.onnx').graph
        manifest['inputs'][name] = [_tensor_record(value) for value in graph.input]
        manifest['outputs'][name] = [_tensor_record(value) for value in graph.output]
    (folder / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n')
    (folder / 'training.json').write_text(json.dumps(record, indent=2) + '\n')


def _file_record(path: Path) -> dict:
    content = path.read_bytes()
    return {'path': path.name, 'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}


def _tensor_record(value) -> dict:
    tensor = value.type.tensor_type
    shape = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
    return {'name': value.name, 'dtype': _DTYPES[tensor.elem_type], 'shape': shape}
