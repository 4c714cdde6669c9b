"""Exports the comparison of float descriptors: ``python -m matcher.export``. Writes models/matcher."""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

OPSET = 17


def build() -> onnx.ModelProto:
    """goal [n, width], current [m, width] -> squared Euclidean distances [n, m], never below 0."""
    node = helper.make_node
    nodes = [
        node('Transpose', ['current'], ['columns'], perm=[1, 0]),
        node('MatMul', ['goal', 'columns'], ['products']),
        node('ReduceSumSquare', ['goal'], ['goal_squares'], axes=[1], keepdims=1),
        node('ReduceSumSquare', ['columns'], ['current_squares'], axes=[0], keepdims=1),
        # |a|^2 + |b|^2 - 2 a.b holds for vectors of any length; rounding may give small negative values.
        node('Mul', ['products', 'minus_two'], ['doubled']),
        node('Add', ['doubled', 'goal_squares'], ['partial']),
        node('Add', ['partial', 'current_squares'], ['rounded']),
        node('Relu', ['rounded'], ['distances']),
    ]
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, 'matcher', [value('goal', ['n', 'width']), value('current', ['m', 'width'])],
        [value('distances', ['n', 'm'])], [onnx.numpy_helper.from_array(np.float32([-2]), 'minus_two')])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=8)


def check_parity(model: onnx.ModelProto) -> float:
    """Largest relative difference to distances computed one by one in double precision."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    random, worst = np.random.default_rng(0), 0.0
    for n, m, width in ((1, 2, 3), (40, 70, 64), (512, 1024, 128)):
        goal, current = (random.normal(size=(rows, width)).astype(np.float32) for rows in (n, m))
        found = session.run(None, {'goal': goal, 'current': current})[0]
        expected = ((goal[:, None].astype(float) - current[None]) ** 2).sum(2)
        worst = max(worst, float((np.abs(found - expected) / expected).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path(__file__).resolve().parents[2] / 'models' / 'matcher')
    options = parser.parse_args()
    model = build()
    onnx.checker.check_model(model)
    difference = check_parity(model)
    options.out.mkdir(parents=True, exist_ok=True)
    content = model.SerializeToString()
    (options.out / 'matcher.onnx').write_bytes(content)
    tensor = lambda name, shape: {'name': name, 'dtype': 'float32', 'shape': shape}
    manifest = {
        'id': 'matcher', 'version': '1.0.0', 'task': 'matching', 'kind': 'squared-distances', 'licence': 'MIT',
        'source': 'training/matcher', 'trainedBy': 'Nothing is learnt: squared distances as a matrix product.',
        'files': {'matcher': {'path': 'matcher.onnx', 'sha256': hashlib.sha256(content).hexdigest(),
                              'bytes': len(content)}},
        'inputs': {'matcher': [tensor('goal', ['n', 'width']), tensor('current', ['m', 'width'])]},
        'outputs': {'matcher': [tensor('distances', ['n', 'm'])]},
        'parityMaxRelativeDifference': difference,
    }
    (options.out / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n')
    print(f'{len(content)} bytes, largest relative difference {difference:.2g}')


if __name__ == '__main__':
    main()
