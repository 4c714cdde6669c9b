"""Servo runs in closed loop: the policy's velocity moves the camera until the stop rule fires."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from .benchmark import Level, LevelNoise, Pairs, pose_error
from .driving import TIME_STEP
from .gain import LIVE, Gain
from .geometry import integrate, project, to_camera, to_camera_one
from .observations import view_likeness
from .policies import ServoPolicy
from .stop_rule import THRESHOLDS, StopRule

MAX_STEPS = 600
MAX_DEGREES = 10.0
MAX_SHARE = 0.1
"""Limits of convergence: 10 degrees and 10 % of the goal distance."""
NOISE_SEED = 31_337
MIN_POINTS = 3


@dataclass
class Arrival:
    """Per servo: errors when a rule fired, or at the end when it did not; whether and when it fired."""

    metres: Tensor
    degrees: Tensor
    converged: Tensor
    stopped: Tensor
    steps: Tensor

    @classmethod
    def empty(cls, batch: int, most_steps: int) -> 'Arrival':
        """No servo run has arrived."""
        return cls(*(torch.zeros(batch, dtype=torch.float64) for _ in range(2)),
                   *(torch.zeros(batch, dtype=torch.bool) for _ in range(2)), torch.full((batch,), most_steps))

    def note(self, rows: Tensor, errors: 'Errors', fired: Tensor, step: int) -> None:
        """Records the errors of servo runs whose rule fires for the first time."""
        waiting = ~self.stopped[rows]
        rows, errors, fired = rows[waiting], Errors(*(part[waiting] for part in errors)), fired[waiting]
        self.metres[rows], self.degrees[rows], self.converged[rows] = errors
        self.stopped[rows], self.steps[rows[fired]] = fired, step


class Errors(NamedTuple):
    """Pose errors of some servos now, and whether they are within the limits."""

    metres: Tensor
    degrees: Tensor
    good: Tensor


@dataclass
class LoopResult:
    """Results by our stop rule and by the published one, and the first step from which the goal was held to the end.
    """

    arrival: Arrival
    published: Arrival
    held_from: Tensor


def run_closed_loop(policy: ServoPolicy, pairs: Pairs, level: Level, threshold: float = THRESHOLDS['ORB'],
                    seed: int = NOISE_SEED, most_steps: int = MAX_STEPS, gain: Gain = LIVE) -> LoopResult:
    """Runs all pairs at one noise level. The noise depends on the seed, not on the policy's batching."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _run(policy, pairs, level, threshold, most_steps, gain)


def _run(policy: ServoPolicy, pairs: Pairs, level: Level, threshold: float, most_steps: int, gain: Gain) -> LoopResult:
    batch, points, _ = pairs.scene.shape
    goals = project(to_camera(pairs.goal_rotation, pairs.goal_position, pairs.scene))
    centre = to_camera_one(pairs.goal_rotation, pairs.goal_position, pairs.scene.mean(1))
    distance = centre.norm(dim=-1)
    policy.start(goals, distance)
    noise, rule = LevelNoise(level, batch, points), StopRule(batch, points, threshold, TIME_STEP)
    result = LoopResult(Arrival.empty(batch, most_steps), Arrival.empty(batch, most_steps),
                        torch.zeros(batch, dtype=torch.long))
    rows = torch.arange(batch)
    rotation, position = pairs.rotation.clone(), pairs.position.clone()
    for step in range(most_steps + 1):
        errors = _errors(pairs, rows, rotation, position)
        in_camera = to_camera(rotation, position, pairs.scene[rows])
        likeness = view_likeness(pairs.scene[rows], pairs.goal_position[rows], position)
        seen_points, visible = noise.observe(in_camera, likeness)
        stop = rule.update(seen_points, visible, goals[rows])
        result.arrival.note(rows, errors, stop, step)
        result.published.note(rows, errors, rule.published, step)
        result.held_from[rows] = torch.where(errors.good, result.held_from[rows], step + 1)
        going = (~stop).nonzero()[:, 0]
        if step == most_steps or len(going) == 0:
            break
        if len(going) < len(rows):
            for part in (policy, noise, rule):
                part.keep(going)
            rows, rotation, position = rows[going], rotation[going], position[going]
            seen_points, visible, in_camera = seen_points[going], visible[going], in_camera[going]
        twist = policy.step(seen_points, visible, in_camera[..., 2])
        twist = torch.where((visible.sum(1) >= MIN_POINTS)[:, None], twist, torch.zeros_like(twist))
        twist = gain.applied(twist, distance[rows])
        rotation, position = integrate(rotation, position, twist, TIME_STEP)
    return result


def _errors(pairs: Pairs, rows: Tensor, rotation: Tensor, position: Tensor) -> Errors:
    degrees, metres = pose_error(rotation, position, pairs.goal_rotation[rows], pairs.goal_position[rows])
    good = (degrees < MAX_DEGREES) & (metres < MAX_SHARE * pairs.goal_distance[rows])
    return Errors(metres, degrees, good)


def summarise(result: LoopResult) -> dict[str, dict]:
    """Statistics of all servo runs (A) and of the thirds by start rotation (S, M, L)."""
    third = len(result.held_from) // 3
    groups = {'A': slice(None), 'S': slice(0, third), 'M': slice(third, 2 * third), 'L': slice(2 * third, None)}
    return {name: {'pairs': len(result.held_from[rows]), **_statistics(result.arrival, rows),
                   'medianHeldFrom': round(result.held_from[rows].double().median().item()),
                   'publishedRule': _statistics(result.published, rows)}
            for name, rows in groups.items()}


def _statistics(arrival: Arrival, rows: slice) -> dict[str, float]:
    share = lambda values: round(100 * values[rows].double().mean().item(), 1)
    median = lambda values: values[rows].double().median().item()
    return {'successPercent': share(arrival.converged), 'medianMillimetres': round(1000 * median(arrival.metres), 2),
            'medianDegrees': round(median(arrival.degrees), 3), 'medianSteps': round(median(arrival.steps)),
            'stopFiredPercent': share(arrival.stopped)}
