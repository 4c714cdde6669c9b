"""Writes a ResNet-18 with random weights as a folder network: ``python resnet18.py <models folder>``."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ID, CLASSES, SIZE = 'resnet18-random', 1000, 224


class Graph:
    """Nodes and weights in the order in which they are added; batch normalisation is folded into the convolutions."""

    def __init__(self, seed: int):
        self.rng, self.nodes, self.weights = np.random.default_rng(seed), [], []

    def weight(self, *shape: int) -> str:
        fan_in = int(np.prod(shape[1:])) or 1
        values = self.rng.standard_normal(shape, np.float32) * np.sqrt(1.5 / fan_in, dtype=np.float32)
        name = f'w{len(self.weights)}'
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        output = f't{len(self.nodes)}'
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(self, x: str, before: int, after: int, side: int, stride: int = 1) -> str:
        pad = side // 2
        return self.node('Conv', x, self.weight(after, before, side, side), self.weight(after), strides=[stride] * 2,
                         pads=[pad] * 4, kernel_shape=[side] * 2)

    def block(self, x: str, before: int, after: int, stride: int) -> str:
        inner = self.node('Relu', self.convolution(x, before, after, 3, stride))
        inner = self.convolution(inner, after, after, 3)
        same = x if stride == 1 and before == after else self.convolution(x, before, after, 1, stride)
        return self.node('Relu', self.node('Add', inner, same))


def build() -> onnx.ModelProto:
    graph = Graph(18)
    x = graph.node('Relu', graph.convolution('image', 3, 64, 7, 2))
    x = graph.node('MaxPool', x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    before = 64
    for after, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        x = graph.block(x, before, after, stride)
        x = graph.block(x, after, after, 1)
        before = after
    x = graph.node('Flatten', graph.node('GlobalAveragePool', x))
    graph.nodes.append(helper.make_node('Gemm', [x, graph.weight(CLASSES, 512), graph.weight(CLASSES)], ['logits'], transB=1))
    image = helper.make_tensor_value_info('image', TensorProto.FLOAT, ['batch', 3, SIZE, SIZE])
    logits = helper.make_tensor_value_info('logits', TensorProto.FLOAT, ['batch', CLASSES])
    whole = helper.make_graph(graph.nodes, ID, [image], [logits], graph.weights)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid('', 17)], ir_version=9)


def main() -> None:
    folder = Path(sys.argv[1]) / ID
    folder.mkdir(parents=True, exist_ok=True)
    content = build().SerializeToString()
    (folder / 'model.onnx').write_bytes(content)
    manifest = {
        'id': ID, 'version': '1.0.0', 'task': 'classification', 'kind': 'classifier', 'licence': 'MIT',
        'files': {'model': {'path': 'model.onnx', 'sha256': hashlib.sha256(content).hexdigest(), 'bytes': len(content)}},
        'preprocessing': {'width': SIZE, 'height': SIZE, 'layout': 'NCHW', 'channelOrder': 'RGB', 'range': '0..1',
                          'mean': [0.485, 0.456, 0.406], 'std': [0.229, 0.224, 0.225],
                          'resize': {'rule': 'crop', 'shortSide': 256}, 'interpolation': 'bilinear'},
        'output': {'name': 'logits', 'activation': 'logits'}, 'labels': [f'class {n}' for n in range(CLASSES)],
        'batching': {'maxBatch': 8, 'maxDelayMs': 2, 'maxQueue': 256},
    }
    (folder / 'manifest.json').write_text(json.dumps(manifest))


if __name__ == '__main__':
    main()
