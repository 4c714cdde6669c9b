"""Policies under test behind one interface, batched over servo runs.

A policy receives the goals once and returns a velocity for each frame: float64 tensors, velocities [B,6] with the
translation in metres per second.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from .benchmark import Pairs
from .clusters import cluster_count, cluster_points
from .driving import TIME_STEP
from .gain import Gain
from .geometry import integrate
from .network import HIDDEN_WIDTH, CnsNetwork, GoalFeatures, velocity
from .refinement import Refinement
from .teacher import centre_keeping_velocity, in_metres


class ServoPolicy(Protocol):
    """What the closed loop and the recorded clips need of a policy."""

    def start(self, goals: Tensor, goal_distance: Tensor) -> None:
        """New goals [B,N,2] and goal distances [B]."""

    def step(self, points: Tensor, visible: Tensor, depth: Tensor) -> Tensor:
        """Velocity for points [B,N,2], visibility [B,N]; true depths [B,N] are for reference laws only."""

    def keep(self, rows: Tensor) -> None:
        """Continues with the given servo runs only."""

    def forget(self) -> None:
        """Clears the memory of past frames."""


class NetworkPolicy:
    """The CNS network run by torch, a whole batch at once; with the fit to the points as in the product, or without."""

    def __init__(self, network: CnsNetwork, fitted: bool = True):
        self.network, self.refinement = network.eval(), Refinement() if fitted else None

    def start(self, goals: Tensor, goal_distance: Tensor) -> None:
        self.goals, self.distance = goals.float(), goal_distance
        self.member, self.centres = cluster_points(self.goals, cluster_count(goals.shape[1]))
        with torch.no_grad():
            self.goal = self.network.goal_features(self.goals, self.centres, self.member)
        self.forget()

    def forget(self) -> None:
        self.hidden = torch.zeros(*self.centres.shape[:2], HIDDEN_WIDTH)

    @torch.no_grad()
    def step(self, points: Tensor, visible: Tensor, depth: Tensor) -> Tensor:
        parts = []
        for rows in torch.arange(len(points)).split(25):
            goal = GoalFeatures(*(part[rows] for part in self.goal))
            direction, magnitude, self.hidden[rows] = self.network(
                points[rows].float(), visible[rows].float(), self.goals[rows], self.centres[rows],
                self.member[rows], self.hidden[rows], goal)
            said = velocity(direction, magnitude)
            if self.refinement is not None:
                said = self.refinement(points[rows].float(), visible[rows].float(), self.goals[rows], said)
            parts.append(said)
        return in_metres(torch.cat(parts).double(), self.distance)

    def keep(self, rows: Tensor) -> None:
        self.goals, self.distance, self.hidden = self.goals[rows], self.distance[rows], self.hidden[rows]
        self.member, self.centres = self.member[rows], self.centres[rows]
        self.goal = GoalFeatures(*(part[rows] for part in self.goal))


class OnnxPolicy:
    """The exported goal and step graphs run by onnxruntime, one servo after the other."""

    def __init__(self, folder: Path):
        self.goal_session = open_session(folder / 'goal.onnx')
        self.step_session = open_session(folder / 'step.onnx')

    def start(self, goals: Tensor, goal_distance: Tensor) -> None:
        member, centres = cluster_points(goals.float(), cluster_count(goals.shape[1]))
        self.servos = []
        for k in range(len(goals)):
            fixed = {'tar': goals[k].float().numpy(), 'center': centres[k].numpy(), 'member': member[k].numpy()}
            features = self.goal_session.run(['g_dst', 'g_att', 'g_val'], fixed)
            fixed.update(zip(('g_dst', 'g_att', 'g_val'), features, strict=True))
            fixed['dist'] = goal_distance[k:k + 1].float().numpy()
            self.servos.append(fixed)
        self.forget()

    def forget(self) -> None:
        for servo in self.servos:
            servo['hidden'] = np.zeros((len(servo['center']), HIDDEN_WIDTH), np.float32)

    def step(self, points: Tensor, visible: Tensor, depth: Tensor) -> Tensor:
        velocities = []
        for k, servo in enumerate(self.servos):
            frame = {**servo, 'cur': points[k].float().numpy(), 'vis': visible[k].float().numpy()}
            twist, servo['hidden'] = self.step_session.run(['velocity', 'hidden_out'], frame)
            velocities.append(twist)
        return torch.from_numpy(np.stack(velocities)).double()

    def keep(self, rows: Tensor) -> None:
        self.servos = [self.servos[k] for k in rows.tolist()]


class IbvsPolicy:
    """Classical image-based servoing at unit gain: least squares with the mean interaction matrix.

    The mean of the matrices at the current and at the goal points is the variant that survives
    large rotations; depths are the goal distance for all points, or the true current depths.
    """

    def __init__(self, true_depth: bool):
        self.true_depth = true_depth

    def start(self, goals: Tensor, goal_distance: Tensor) -> None:
        self.goals, self.distance = goals.double(), goal_distance

    def forget(self) -> None:
        """No-op: the policy has no memory."""

    def step(self, points: Tensor, visible: Tensor, depth: Tensor) -> Tensor:
        inverse_depth = 1 / (depth.clamp(min=0.05) if self.true_depth else self.distance[:, None].expand_as(depth))
        rows_seen = visible.repeat(1, 2)
        jacobian = interaction_matrix(points.double(), inverse_depth) + interaction_matrix(self.goals, inverse_depth)
        jacobian = jacobian / 2 * rows_seen[..., None]
        error = (points - self.goals).transpose(1, 2).flatten(1) * rows_seen
        normal = jacobian.transpose(1, 2) @ jacobian + 1e-9 * torch.eye(6, dtype=torch.float64)
        return -torch.linalg.solve(normal, jacobian.transpose(1, 2) @ error[..., None])[..., 0]

    def keep(self, rows: Tensor) -> None:
        self.goals, self.distance = self.goals[rows], self.distance[rows]


class LawPolicy:
    """The law that the network learns, on the true poses: what a perfect pupil would do.

    It is not told the poses but keeps count of them, starting from those of the pairs.
    """

    def __init__(self, pairs: Pairs, gain: Gain):
        self.pairs, self.gain = pairs, gain

    def start(self, goals: Tensor, goal_distance: Tensor) -> None:
        pairs, self.distance = self.pairs, goal_distance
        self.poses = [pairs.rotation, pairs.position, pairs.goal_rotation, pairs.goal_position, pairs.scene.mean(1)]

    def forget(self) -> None:
        """No-op: the policy has no memory of observations."""

    def step(self, points: Tensor, visible: Tensor, depth: Tensor) -> Tensor:
        twist = centre_keeping_velocity(*self.poses)
        self.poses[:2] = integrate(*self.poses[:2], self.gain.applied(twist, self.distance), TIME_STEP)
        return twist

    def keep(self, rows: Tensor) -> None:
        self.poses, self.distance = [part[rows] for part in self.poses], self.distance[rows]


def interaction_matrix(points: Tensor, inverse_depth: Tensor) -> Tensor:
    """How image points [B,N,2] move with the camera's twist: [B,2N,6], all x rows before all y rows."""
    x, y = points.unbind(-1)
    zero = torch.zeros_like(x)
    horizontal = torch.stack([-inverse_depth, zero, x * inverse_depth, x * y, -(1 + x * x), y], -1)
    vertical = torch.stack([zero, -inverse_depth, y * inverse_depth, 1 + y * y, -x * y, -x], -1)
    return torch.cat([horizontal, vertical], 1)


def open_session(path: Path):
    """An onnxruntime session on one CPU thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])


def load_network(checkpoint: Path, averaged: bool = True) -> CnsNetwork:
    """The network of a training checkpoint, with its averaged weights unless told otherwise."""
    state = torch.load(checkpoint, weights_only=True)
    network = CnsNetwork()
    network.load_state_dict(state['average' if averaged else 'network'])
    return network.eval()
