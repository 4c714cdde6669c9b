"""Exports a checkpoint: ``python -m cns.export --checkpoint runs/a/checkpoint.pt``.

Writes goal.onnx (once per goal), step.onnx (every frame), twist.onnx (a frame without the fit to the points) and
policy.onnx (goal and step in one, for other evaluators), opset 18, with dynamic point and cluster counts and the weights
inside, and compares each with torch. The manifest's ``evaluation`` is empty until cns.report fills it.
"""

import argparse
import contextlib
import io
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onnx_metadata import remove_traces

from .manifest import GRAPHS, describe, write_manifest
from .network import HIDDEN_WIDTH, CnsNetwork, GoalFeatures, velocity
from .policies import load_network, open_session
from .refinement import Refinement
from .twist_graph import OUTPUTS as TWIST_OUTPUTS
from .twist_graph import write_twist_graph

OPSET = 18
TOLERANCE = 1e-4
GOAL_OUTPUTS = ('g_dst', 'g_att', 'g_val')
POLICY_INPUTS = ('cur', 'vis', 'tar', 'center', 'member', 'dist', 'hidden')
POLICY_OUTPUTS = ('velocity', 'hidden_out')
_POINTS = torch.export.Dim('N', min=2, max=8192)
_CLUSTERS = torch.export.Dim('C', min=2, max=2048)
_GOAL_SHAPES = {'tar': {0: _POINTS}, 'center': {0: _CLUSTERS}, 'member': {0: _CLUSTERS, 1: _POINTS}}
_POLICY_SHAPES = {'cur': {0: _POINTS}, 'vis': {0: _POINTS}, **_GOAL_SHAPES, 'dist': None, 'hidden': {0: _CLUSTERS}}
_STEP_SHAPES = {**_POLICY_SHAPES, 'g_dst': {0: _CLUSTERS}, 'g_att': {0: _POINTS}, 'g_val': {0: _POINTS}}


class GoalGraph(nn.Module):
    """tar [N,2], center [C,2], member [C,N] -> g_dst [C,128], g_att [N,128], g_val [N,128]."""

    def __init__(self, network: CnsNetwork):
        super().__init__()
        self.network = network

    def forward(self, tar: Tensor, center: Tensor, member: Tensor):
        return tuple(part[0] for part in self.network.goal_features(tar[None], center[None], member[None]))


class StepGraph(nn.Module):
    """One frame, given the goal's features; the translation of velocity [6] is scaled by ``dist``."""

    def __init__(self, network: CnsNetwork):
        super().__init__()
        self.network, self.refinement = network, Refinement()

    def forward(self, cur: Tensor, vis: Tensor, tar: Tensor, center: Tensor, member: Tensor, dist: Tensor,
                hidden: Tensor, g_dst: Tensor, g_att: Tensor, g_val: Tensor):
        goal = GoalFeatures(g_dst[None], g_att[None], g_val[None])
        direction, magnitude, hidden_out = self.network(
            cur[None], vis[None], tar[None], center[None], member[None], hidden[None], goal)
        twist = self.refinement(cur[None], vis[None], tar[None], velocity(direction, magnitude))[0]
        return torch.cat([twist[:3] * dist, twist[3:]]), hidden_out[0]


class PolicyGraph(nn.Module):
    """Goal and step in one graph."""

    def __init__(self, network: CnsNetwork):
        super().__init__()
        self.goal, self.step = GoalGraph(network), StepGraph(network)

    def forward(self, cur: Tensor, vis: Tensor, tar: Tensor, center: Tensor, member: Tensor, dist: Tensor,
                hidden: Tensor):
        return self.step(cur, vis, tar, center, member, dist, hidden, *self.goal(tar, center, member))


def fixture(points: int, clusters: int, empty: int = 0, seed: int = 0) -> dict[str, Tensor]:
    """Random inputs of the policy graph; the points of the first ``empty`` clusters are not visible."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.rand(*shape, generator=generator) - 0.5
    of_cluster = torch.arange(points) % clusters
    visible = ((of_cluster >= empty) & (draw(points) < 0.3)).float()
    goals = draw(points, 2)
    return {'cur': (goals + 0.1 * draw(points, 2)) * visible[:, None], 'vis': visible, 'tar': goals,
            'center': goals[:clusters].clone(), 'member': F.one_hot(of_cluster, clusters).float().T.contiguous(),
            'dist': torch.tensor([0.7]), 'hidden': draw(clusters, HIDDEN_WIDTH)}


def export_graphs(network: CnsNetwork, folder: Path) -> None:
    """Writes the graphs into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    sample = fixture(40, 6)
    goal = GoalGraph(network)
    goal_inputs = tuple(sample[name] for name in _GOAL_SHAPES)
    features = tuple(part.detach() for part in goal(*goal_inputs))
    _export(goal, goal_inputs, folder / 'goal.onnx', _GOAL_SHAPES, GOAL_OUTPUTS)
    inputs = tuple(sample.values())
    _export(StepGraph(network), inputs + features, folder / 'step.onnx', _STEP_SHAPES, POLICY_OUTPUTS)
    write_twist_graph(folder)
    _export(PolicyGraph(network), inputs, folder / 'policy.onnx', _POLICY_SHAPES, POLICY_OUTPUTS)


def _export(module: nn.Module, inputs: tuple[Tensor, ...], path: Path, shapes: dict, outputs: tuple[str, ...]) -> None:
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        torch.onnx.export(module.eval(), inputs, str(path), input_names=list(shapes), output_names=list(outputs),
                          dynamic_shapes=shapes, opset_version=OPSET, dynamo=True, external_data=False)
    remove_traces(path)


def check_parity(network: CnsNetwork, folder: Path) -> float:
    """Largest difference between torch and the exported graphs over several sizes and frames.

    Raises ValueError when it exceeds the tolerance or any output is not finite. Clusters without a
    visible point are among the fixtures: there a lost floor shows as 0/0.
    """
    sessions = {name: open_session(folder / f'{name}.onnx') for name in GRAPHS}
    worst = 0.0
    for points, clusters, empty in ((40, 6, 0), (4, 4, 0), (12, 12, 3), (256, 14, 5), (512, 20, 1), (60, 7, 7)):
        frame = fixture(points, clusters, empty, seed=points)
        for _ in range(3):
            worst = max(worst, _compare(network, sessions, frame))
            with torch.no_grad():
                frame['hidden'] = PolicyGraph(network)(*frame.values())[1]
    if not worst <= TOLERANCE:
        raise ValueError(f'torch and onnxruntime differ by {worst}, the limit is {TOLERANCE}')
    return worst


def _compare(network: CnsNetwork, sessions: dict, frame: dict[str, Tensor]) -> float:
    with torch.no_grad():
        expected = [part.numpy() for part in PolicyGraph(network)(*frame.values())]
    arrays = {name: value.numpy() for name, value in frame.items()}
    single = sessions['policy'].run(list(POLICY_OUTPUTS), arrays)
    features = sessions['goal'].run(list(GOAL_OUTPUTS), {name: arrays[name] for name in _GOAL_SHAPES})
    split = sessions['step'].run(list(POLICY_OUTPUTS), {**arrays, **dict(zip(GOAL_OUTPUTS, features, strict=True))})
    visible = _visible_alone(sessions['twist'], frame, dict(zip(GOAL_OUTPUTS, features, strict=True)))
    for outputs in (expected, single, split, visible):
        if not all(np.isfinite(part).all() for part in outputs):
            raise ValueError('an output is not finite')
    return max(float(np.abs(part - reference).max())
               for outputs in (single, split, visible) for part, reference in zip(outputs, expected, strict=True))


def _visible_alone(session, frame: dict[str, Tensor], features: dict) -> list[np.ndarray]:
    """The policy's outputs by twist.onnx, which sees the visible points alone, and the fit."""
    seen = frame['vis'].numpy() > 0
    arrays = {**{name: value.numpy() for name, value in frame.items() if name != 'dist'}, **features}
    arrays |= {name: arrays[name][seen] for name in ('cur', 'vis', 'tar', 'g_att', 'g_val')}
    twist, hidden = session.run(list(TWIST_OUTPUTS), arrays | {'member': arrays['member'][:, seen]})
    with torch.no_grad():
        fitted = Refinement()(frame['cur'][None], frame['vis'][None], frame['tar'][None], torch.tensor(twist)[None])[0]
    return [torch.cat([fitted[:3] * frame['dist'], fitted[3:]]).numpy(), hidden]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', type=Path, required=True)
    parser.add_argument('--raw', action='store_true', help='the last weights, not their average')
    parser.add_argument('--out', type=Path, default=Path(__file__).resolve().parents[2] / 'models' / 'cns')
    parser.add_argument('--memory', choices=('sequence', 'frame'), default='sequence', help='default of the product')
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network(options.checkpoint, not options.raw)
    export_graphs(network, options.out)
    difference = check_parity(network, options.out)
    record = describe(options.checkpoint, averaged=not options.raw)
    record['parityMaxDifference'] = difference
    write_manifest(options.out, record, options.memory)
    print(json.dumps({path.name: path.stat().st_size for path in sorted(options.out.glob('*.onnx'))}), difference)


if __name__ == '__main__':
    main()
