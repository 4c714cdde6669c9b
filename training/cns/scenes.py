"""Random scenes and camera poses to train on.

World frame: ground plane z = 0 below the objects, z up. Goal and start cameras sit on a sphere
around the scene and look at it, then turn away a little.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .geometry import rotation_from_vector, uniform


class PoseRange(NamedTuple):
    """Where cameras are drawn: distances in metres, angles in degrees."""

    nearest: float
    farthest: float
    lowest: float
    highest: float
    roll: float
    pan: float
    pitch: float


GOAL_POSES = PoseRange(0.5, 0.9, 70, 90, 15, 5, 5)
START_POSES = PoseRange(0.5, 0.9, 30, 90, 60, 10, 10)
UPRIGHT_START_POSES = PoseRange(0.45, 1.1, 30, 90, 15, 10, 10)
"""Starts held about as the goal was, as in most recorded videos: tilt and shift without much roll."""
UPRIGHT_AZIMUTH = math.radians(45)


WIDE_START_POSES = PoseRange(0.35, 1.4, 40, 90, 90, 12, 12)
"""Starts whose distance says nothing about their tilt: a policy that knows only starts at the goal's own distance
takes a smaller picture for a tilted one."""


def sample_start_poses(goal_azimuth: Tensor, upright: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
    """Start poses for goals at the given azimuths [B]; ``upright`` and ``wide`` [B] choose their range."""
    batch = len(goal_azimuth)
    rotation, position = sample_poses(batch, START_POSES)
    near = goal_azimuth + uniform(-UPRIGHT_AZIMUTH, UPRIGHT_AZIMUTH, batch)
    for chosen, bounds in ((upright, UPRIGHT_START_POSES), (wide, WIDE_START_POSES)):
        other_rotation, other_position = sample_poses(batch, bounds, near)
        rotation = torch.where(chosen[:, None, None], other_rotation, rotation)
        position = torch.where(chosen[:, None], other_position, position)
    return rotation, position


def sample_poses(batch: int, bounds: PoseRange, azimuth: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Rotations [batch,3,3] and positions [batch,3] of cameras that look at the origin."""
    distance = uniform(bounds.nearest, bounds.farthest, batch)
    azimuth = uniform(-math.pi, math.pi, batch) if azimuth is None else azimuth
    sine = uniform(math.sin(math.radians(bounds.lowest)), math.sin(math.radians(bounds.highest)), batch)
    elevation = sine.asin()
    outward = torch.stack([elevation.cos() * azimuth.cos(), elevation.cos() * azimuth.sin(), sine], -1)
    down = torch.stack([sine * azimuth.cos(), sine * azimuth.sin(), -elevation.cos()], -1)
    right = torch.cross(down, -outward, dim=-1)
    rotation = torch.stack([right, down, -outward], -1)
    for axis, limit in ((2, bounds.roll), (1, bounds.pan), (0, bounds.pitch)):
        turn = torch.zeros(batch, 3)
        turn[:, axis] = torch.deg2rad(uniform(-limit, limit, batch))
        rotation = rotation @ rotation_from_vector(turn)
    return rotation, outward * distance[:, None]


def disc(*shape: int) -> Tensor:
    """Points spread evenly over the unit disc, [..., 2]."""
    angle, radius = uniform(0, 2 * math.pi, *shape), torch.rand(*shape).sqrt()
    return torch.stack([radius * angle.cos(), radius * angle.sin()], -1)


def cylinder_scene(points: int, radius: Tensor, height: Tensor) -> Tensor:
    """Points [B,N,3] in cylinders of the given radii and heights [B]; half of them in patches."""
    batch = radius.shape[0]
    even = _even_cylinder(points, radius, height)
    if points < 20:
        return even
    patches = int(torch.randint(3, max(4, int(math.log2(points))), (1,)))
    clustered = _patches(points, patches, radius, height)
    keep_even = (torch.rand(batch, 1, 1) < 0.5) | (torch.rand(batch, points, 1) < 0.2)
    return torch.where(keep_even, even, clustered)


def _even_cylinder(points: int, radius: Tensor, height: Tensor) -> Tensor:
    batch = radius.shape[0]
    flat = disc(batch, points) * radius[:, None, None]
    return torch.cat([flat, uniform(-0.5, 0.5, batch, points, 1) * height[:, None, None]], -1)


def _patches(points: int, patches: int, radius: Tensor, height: Tensor) -> Tensor:
    """Flat elliptic patches of random size and tilt, as textured objects give them."""
    batch = radius.shape[0]
    centres = _even_cylinder(patches, radius, height)
    axes_sum = radius[:, None] * 1.5 / math.log2(patches)
    first = uniform(0.2, 0.8, batch, patches) * axes_sum
    thickness = (height * 0.2)[:, None].expand(batch, patches)
    scale = torch.stack([first, axes_sum - first, thickness], -1)
    tilt = torch.cat([uniform(-0.78, 0.78, batch, patches, 2), uniform(-3.14, 3.14, batch, patches, 1)], -1)
    rotation = rotation_from_vector(tilt).reshape(batch, patches, 9)
    which = torch.randint(0, patches, (batch, points))
    pick = lambda values: values.gather(1, which[..., None].expand(batch, points, values.shape[-1]))
    local = torch.cat([disc(batch, points), uniform(-0.5, 0.5, batch, points, 1)], -1) * pick(scale)
    turned = (pick(rotation).reshape(batch, points, 3, 3) @ local[..., None])[..., 0]
    return pick(centres) + turned


def view_scene(points: int, rotation: Tensor, position: Tensor, half_width: Tensor, half_height: Tensor,
               depth_spread: Tensor) -> Tensor:
    """Points [B,N,3] that fill the goal view of a camera, at depths around its distance to the origin.

    depth_spread [B] is the largest |ln(depth / distance)|; half of the depths lie on a slanted
    plane, as floors and walls give them, half are free.
    """
    batch = rotation.shape[0]
    fill = uniform(0.5, 1.0, batch, 1)
    plane = uniform(-1, 1, batch, points, 2)
    image = plane * torch.stack([half_width, half_height], -1)[:, None] * fill[..., None]
    slope = torch.nn.functional.normalize(torch.randn(batch, 1, 2), dim=-1)
    slanted = (plane * slope).sum(-1) / 1.42
    free = uniform(-1, 1, batch, points)
    shape = torch.where(torch.rand(batch, 1) < 0.5, slanted + 0.1 * free, free)
    depth = position.norm(dim=-1, keepdim=True) * (shape * depth_spread[:, None]).exp()
    in_camera = torch.cat([image * depth[..., None], depth[..., None]], -1)
    return in_camera @ rotation.transpose(1, 2) + position[:, None]
