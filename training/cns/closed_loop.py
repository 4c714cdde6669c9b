"""Servo runs in closed loop: the policy's velocity moves the camera until the stop rule fires."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .benchmark import Level, LevelNoise, Pairs, pose_error
from .driving import GAIN, TIME_STEP
from .geometry import integrate, project, to_camera, to_camera_one
from .observations import view_likeness
from .policies import ServoPolicy
from .stop_rule import LARGEST_FALL, THRESHOLDS, StopRule

MOST_STEPS = 600
LARGEST_DEGREES = 10.0
LARGEST_SHARE = 0.1
"""A servo has converged within 10 degrees and 10 % of the goal distance."""
NOISE_SEED = 31_337
FEWEST_POINTS = 3


@dataclass
class LoopResult:
    """Per servo: final errors, whether the stop rule fired and when, first step held to the end."""

    metres: Tensor
    degrees: Tensor
    stopped: Tensor
    steps: Tensor
    held_from: Tensor
    converged: Tensor


def run_closed_loop(policy: ServoPolicy, pairs: Pairs, level: Level, threshold: float = THRESHOLDS['ORB'],
                    seed: int = NOISE_SEED, most_steps: int = MOST_STEPS,
                    largest_fall: float = LARGEST_FALL) -> LoopResult:
    """Runs all pairs at one level of noise. The noise depends on the seed, not on the policy's batch."""
    rule = StopRule(*pairs.scene.shape[:2], threshold, TIME_STEP, largest_fall)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _run(policy, pairs, level, rule, most_steps)


def _run(policy: ServoPolicy, pairs: Pairs, level: Level, rule: StopRule, most_steps: int) -> LoopResult:
    batch, points, _ = pairs.scene.shape
    goals = project(to_camera(pairs.goal_rotation, pairs.goal_position, pairs.scene))
    centre = to_camera_one(pairs.goal_rotation, pairs.goal_position, pairs.scene.mean(1))
    policy.start(goals, centre.norm(dim=-1))
    noise = LevelNoise(level, batch, points)
    result = LoopResult(*(torch.zeros(batch, dtype=torch.float64) for _ in range(2)), torch.zeros(batch, dtype=torch.bool),
                        torch.full((batch,), most_steps), torch.zeros(batch, dtype=torch.long),
                        torch.zeros(batch, dtype=torch.bool))
    rows = torch.arange(batch)
    rotation, position = pairs.rotation.clone(), pairs.position.clone()
    for step in range(most_steps + 1):
        _note_errors(result, pairs, rows, rotation, position, step)
        in_camera = to_camera(rotation, position, pairs.scene[rows])
        likeness = view_likeness(pairs.scene[rows], pairs.goal_position[rows], position)
        seen_points, visible = noise.observe(in_camera, likeness)
        stop = rule.update(seen_points, visible, goals[rows])
        result.stopped[rows], result.steps[rows[stop]] = stop, step
        going = (~stop).nonzero()[:, 0]
        if step == most_steps or len(going) == 0:
            break
        if len(going) < len(rows):
            for part in (policy, noise, rule):
                part.keep(going)
            rows, rotation, position = rows[going], rotation[going], position[going]
            seen_points, visible, in_camera = seen_points[going], visible[going], in_camera[going]
        twist = policy.step(seen_points, visible, in_camera[..., 2])
        twist = torch.where((visible.sum(1) >= FEWEST_POINTS)[:, None], twist, torch.zeros_like(twist))
        rotation, position = integrate(rotation, position, twist * GAIN, TIME_STEP)
    return result


def _note_errors(result: LoopResult, pairs: Pairs, rows: Tensor, rotation: Tensor, position: Tensor, step: int) -> None:
    """Errors now; a servo's last note is its final one."""
    degrees, metres = pose_error(rotation, position, pairs.goal_rotation[rows], pairs.goal_position[rows])
    good = (degrees < LARGEST_DEGREES) & (metres < LARGEST_SHARE * pairs.goal_distance[rows])
    result.degrees[rows], result.metres[rows], result.converged[rows] = degrees, metres, good
    result.held_from[rows] = torch.where(good, result.held_from[rows], step + 1)


def summarise(result: LoopResult) -> dict[str, dict[str, float]]:
    """Statistics of all servos (A) and of the thirds by start rotation (S, M, L)."""
    third = len(result.metres) // 3
    groups = {'A': slice(None), 'S': slice(0, third), 'M': slice(third, 2 * third), 'L': slice(2 * third, None)}
    return {name: _statistics(result, rows) for name, rows in groups.items()}


def _statistics(result: LoopResult, rows: slice) -> dict[str, float]:
    share = lambda values: round(100 * values[rows].double().mean().item(), 1)
    median = lambda values: values[rows].double().median().item()
    return {
        'pairs': len(result.metres[rows]), 'successPercent': share(result.converged),
        'medianMillimetres': round(1000 * median(result.metres), 2), 'medianDegrees': round(median(result.degrees), 3),
        'medianSteps': round(median(result.steps)), 'medianHeldFrom': round(median(result.held_from)),
        'stopFiredPercent': share(result.stopped),
    }
