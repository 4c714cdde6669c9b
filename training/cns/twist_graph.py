"""The network without the fit to the points, as a graph of its own.

twist.onnx is the first part of step.onnx. The product runs it on the visible points alone, of which its answer is a sum, and
computes the fit itself: as a graph, the fit is 1500 operators on a handful of numbers each.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.utils import Extractor

INPUTS = ('cur', 'vis', 'tar', 'center', 'member', 'hidden', 'g_dst', 'g_att', 'g_val')
OUTPUTS = ('twist', 'hidden_out')


def write_twist_graph(folder: Path) -> None:
    """Writes twist.onnx beside step.onnx: the same inputs without ``dist``, and twist [6], translation in goal distances."""
    model = onnx.load(folder / 'step.onnx')
    graph, answer = model.graph, _answer(model.graph)
    graph.initializer.append(numpy_helper.from_array(np.int64(0), 'first'))
    graph.node.append(helper.make_node('Gather', [answer, 'first'], ['twist'], axis=0))
    graph.output.append(helper.make_tensor_value_info('twist', TensorProto.FLOAT, [6]))
    part = Extractor(model).extract_model(list(INPUTS), list(OUTPUTS))
    onnx.checker.check_model(part, full_check=True)
    onnx.save(part, folder / 'twist.onnx')


def _answer(graph: onnx.GraphProto) -> str:
    """Name of the network's velocity: its direction times one plus the ELU of its magnitude, the only ELU."""
    name = next(node.output[0] for node in graph.node if node.op_type == 'Elu')
    for operator in ('Add', 'Mul'):
        name = next(node.output[0] for node in graph.node if name in node.input and node.op_type == operator)
    return name
