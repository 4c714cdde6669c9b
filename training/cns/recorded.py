"""Clips that do not obey the policy: points-only sequences on a path of their own.

Each frame's prediction is compared with the teacher's law for the true relative pose.
"""

from dataclasses import replace

import torch
from torch import Tensor

from .benchmark import Level, LevelNoise, Pairs
from .geometry import (angle_between, integrate, project, rotation_from_vector, rotation_to_vector,
                       to_camera, to_camera_one, uniform)
from .observations import view_likeness
from .policies import ServoPolicy
from .scenes import cylinder_scene, view_scene
from .teacher import centre_keeping_velocity, in_goal_distances

FRAMES = 90
CLIP_SEED = 52_019
FAR_DEGREES = 10.0
FAR_SHARE = 0.1
KINDS = ('approach', 'away', 'walk')
VIEWS = {'table': 540.0, 'narrow': 800.0, 'filled': 540.0, 'small': 700.0}
"""Focal lengths in pixels at 640x480. 'filled': points all over the goal picture, at depths within 20 %; 'small': on one object
of 12 to 28 cm, three quarters as deep."""
FILLED_DEPTH_SPREAD = 0.2


def clip_poses(kind: str, pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Poses [F,B,3,3] and [F,B,3] of a clip: to the goal, from the goal, or a smooth random walk."""
    if kind == 'walk':
        return _random_walk(pairs)
    turn = rotation_to_vector(pairs.goal_rotation.transpose(1, 2) @ pairs.rotation)
    shift = pairs.position - pairs.goal_position
    time = torch.linspace(0, 1, FRAMES, dtype=torch.float64)
    share = time * time * (3 - 2 * time)
    share = share if kind == 'away' else 1 - share
    rotations = torch.stack([pairs.goal_rotation @ rotation_from_vector(turn * s) for s in share])
    positions = torch.stack([pairs.goal_position + shift * s for s in share])
    return rotations, positions


def _random_walk(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Ornstein-Uhlenbeck velocities from a pose half way to the start, pulled to look at the scene."""
    scale = torch.tensor([0.25] * 3 + [0.4] * 3, dtype=torch.float64)
    turn = rotation_to_vector(pairs.goal_rotation.transpose(1, 2) @ pairs.rotation)
    rotation = pairs.goal_rotation @ rotation_from_vector(turn * 0.5)
    position = (pairs.position + pairs.goal_position) / 2
    twist = torch.randn(len(turn), 6, dtype=torch.float64) * scale
    rotations, positions = [], []
    for _ in range(FRAMES):
        rotations.append(rotation)
        positions.append(position)
        twist = 0.97 * twist + 0.243 * scale * torch.randn_like(twist)
        centre = project(to_camera(rotation, position, pairs.scene.mean(1)[:, None]))[:, 0]
        look = torch.stack([-centre[:, 1], centre[:, 0], torch.zeros_like(centre[:, 0])], -1)
        steered = torch.cat([twist[:, :3], twist[:, 3:] + 2 * look], -1)
        rotation, position = integrate(rotation, position, steered, 0.02)
    return torch.stack(rotations), torch.stack(positions)


def run_clips(policy: ServoPolicy, pairs: Pairs, kind: str, level: Level, view: str, memory: str) -> dict[str, float]:
    """Medians over the frames farther than 10 % of the goal distance or 10 degrees from the goal."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(CLIP_SEED)
        if view == 'filled':
            pairs = replace(pairs, scene=_filling_scene(pairs))
        elif view == 'small':
            pairs = replace(pairs, scene=_small_scene(pairs))
        return _run(policy, pairs, clip_poses(kind, pairs), level, VIEWS[view], memory)


def _filling_scene(pairs: Pairs) -> Tensor:
    batch, points, _ = pairs.scene.shape
    half_width = torch.full((batch,), 320 / VIEWS['filled'])
    return view_scene(points, pairs.goal_rotation.float(), pairs.goal_position.float(), half_width, half_width * 0.75,
                      torch.full((batch,), FILLED_DEPTH_SPREAD)).double()


def _small_scene(pairs: Pairs) -> Tensor:
    batch, points, _ = pairs.scene.shape
    radius = uniform(0.06, 0.14, batch)
    return cylinder_scene(points, radius, radius * 1.5).double()


def _run(policy: ServoPolicy, pairs: Pairs, poses: tuple[Tensor, Tensor], level: Level,
         focal: float, memory: str) -> dict[str, float]:
    batch, points, _ = pairs.scene.shape
    goal_points = to_camera(pairs.goal_rotation, pairs.goal_position, pairs.scene)
    centre = pairs.scene.mean(1)
    distance = to_camera_one(pairs.goal_rotation, pairs.goal_position, centre).norm(dim=-1)
    policy.start(project(goal_points), distance)
    noise = LevelNoise(level, batch, points, focal, (320 / focal, 240 / focal))
    rows = []
    for rotation, position in zip(*poses, strict=True):
        in_camera = to_camera(rotation, position, pairs.scene)
        seen, visible = noise.observe(in_camera, view_likeness(pairs.scene, pairs.goal_position, position))
        if memory == 'frame':
            policy.forget()
        predicted = in_goal_distances(policy.step(seen, visible, in_camera[..., 2]), distance)
        truth = in_goal_distances(centre_keeping_velocity(
            rotation, position, pairs.goal_rotation, pairs.goal_position, centre), distance)
        turn = torch.rad2deg(truth[:, 3:].norm(dim=-1))
        shift = (position - pairs.goal_position).norm(dim=-1) / distance
        far = ((turn > FAR_DEGREES) | (shift > FAR_SHARE)) & (visible.sum(1) >= 4)
        rows.append(_compare(predicted[far], truth[far]))
    values = torch.cat(rows)
    medians = values.median(0).values.tolist()
    names = ('sixVectorDegrees', 'rotationDegrees', 'translationDegrees', 'lengthRatio')
    return {'frames': len(values), **{name: round(value, 2) for name, value in zip(names, medians, strict=True)}}


def _compare(predicted: Tensor, truth: Tensor) -> Tensor:
    """Angles of the six-vectors, rotations and translations in degrees and the ratio of lengths, [n,4]."""
    ratio = predicted.norm(dim=-1) / truth.norm(dim=-1).clamp(min=1e-9)
    return torch.stack([angle_between(predicted, truth), angle_between(predicted[:, 3:], truth[:, 3:]),
                        angle_between(predicted[:, :3], truth[:, :3]), ratio], -1)
