"""Perceptual distance of images in the features of an independent classifier trained on ImageNet."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper

MEAN_BGR = np.array([104.0, 117.0, 123.0], np.float32)
DILATION = 8
EPSILON = 1e-8


def open_features(path: Path) -> onnxruntime.InferenceSession:
    """A Caffe SqueezeNet (ONNX, half or single precision) that outputs conv1 and fire 3, 5, 6, 7, 8, 9.

    Converted to single precision with dynamic height and width.
    """
    model = onnx.load(path)
    graph = model.graph
    _to_single_precision(graph)
    layers = _feature_names(graph)
    for value in graph.input:
        if value.name not in {constant.name for constant in graph.initializer}:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
            for axis, name in ((0, 'batch'), (2, 'height'), (3, 'width')):
                value.type.tensor_type.shape.dim[axis].dim_param = name
    del graph.value_info[:]
    del graph.output[:]
    graph.output.extend(onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in layers)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])


def _to_single_precision(graph: onnx.GraphProto) -> None:
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for value in graph.input:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == 'Cast' and attribute.name == 'to' and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT


def _feature_names(graph: onnx.GraphProto) -> list[str]:
    """The activation after the first convolution, and the joined outputs of fire modules 3, 5, 6, 7, 8, 9."""
    relu = next(node for node in graph.node if node.op_type == 'Relu')
    joined = [node.output[0] for node in graph.node if node.op_type == 'Concat']
    if len(joined) < 8:
        raise ValueError(f'{len(joined)} fire modules found, 8 are needed')
    return [relu.output[0], *(joined[index - 2] for index in (3, 5, 6, 7, 8, 9))]


class PerceptualDistance:
    """perc and ptex of a filled image compared with the original, both RGB [H,W,3] uint8."""

    def __init__(self, path: Path):
        self._session = open_features(path)
        self._input = self._session.get_inputs()[0].name

    def features(self, picture: np.ndarray) -> list[np.ndarray]:
        """Features by layer, [C,h,w]."""
        values = picture[:, :, ::-1].astype(np.float32) - MEAN_BGR
        return [layer[0] for layer in self._session.run(None, {self._input: values.transpose(2, 0, 1)[None]})]

    def measure(self, truth: list[np.ndarray], picture: np.ndarray, hole: np.ndarray) -> tuple[float, float]:
        """perc: squared differences at the same position; ptex: x 100, of mean and deviation, independent of
        position.
        """
        wide = cv2.dilate(hole, np.ones((2 * DILATION + 1,) * 2, np.uint8))
        perc = texture = 0.0
        for expected, found in zip(truth, self.features(picture), strict=True):
            size = expected.shape[2], expected.shape[1]
            inside = cv2.resize(wide.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
            a, b = _unit(expected)[:, inside], _unit(found)[:, inside]
            perc += float(((a - b) ** 2).sum(0).mean())
            texture += float(((a.mean(1) - b.mean(1)) ** 2).sum() + ((a.std(1) - b.std(1)) ** 2).sum())
        return perc, texture * 100


def _unit(layer: np.ndarray) -> np.ndarray:
    return layer / (np.sqrt((layer ** 2).sum(0, keepdims=True)) + EPSILON)
