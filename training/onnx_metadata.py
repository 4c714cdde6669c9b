"""Metadata that torch writes into exported graphs."""

from pathlib import Path

import onnx


def remove_traces(path: Path) -> None:
    """Removes the stack traces of an exported file: a third of a small file, and they contain local paths."""
    model = onnx.load(path)
    for function in model.functions:
        _clear([*function.node, *function.value_info])
    graph = model.graph
    _clear([*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer, graph])
    onnx.save(model, path)


def _clear(parts: list) -> None:
    for part in parts:
        del part.metadata_props[:]
