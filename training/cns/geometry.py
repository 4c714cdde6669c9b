"""Batched rigid-body geometry on torch tensors.

Conventions used everywhere in this package:

* the camera looks along +z, x points right, y points down;
* a pose is (rotation, position): ``rotation`` [B,3,3] holds the camera axes as columns in world
  coordinates, ``position`` [B,3] the optical centre in metres;
* a twist [B,6] is (vx, vy, vz, wx, wy, wz) in the current camera frame, m/s and rad/s;
* image points lie on the normalised plane, x = (u - cx) / fx, y = (v - cy) / fy.
"""

import torch
from torch import Tensor


def uniform(low: float | Tensor, high: float | Tensor, *shape: int) -> Tensor:
    """Uniform random numbers in [low, high) of the given shape."""
    return low + (high - low) * torch.rand(*shape)


def log_uniform(low: float, high: float, *shape: int) -> Tensor:
    """Random numbers whose logarithm is uniform between log(low) and log(high)."""
    low_log, high_log = torch.tensor([low, high]).log().tolist()
    return uniform(low_log, high_log, *shape).exp()


def skew(vector: Tensor) -> Tensor:
    """Cross-product matrices [...,3,3] of vectors [...,3]."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)


def rotation_from_vector(vector: Tensor) -> Tensor:
    """Rodrigues' formula: rotation matrices [...,3,3] of rotation vectors [...,3] in radians."""
    angle = vector.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    axis_matrix = skew(vector / angle)
    angle = angle[..., None]
    identity = torch.eye(3, dtype=vector.dtype)
    return identity + angle.sin() * axis_matrix + (1 - angle.cos()) * (axis_matrix @ axis_matrix)


def rotation_to_vector(rotation: Tensor) -> Tensor:
    """Rotation vectors [...,3] of matrices [...,3,3], stable up to a half turn.

    Goes through the quaternion whose largest component is computed first, so that no small number
    is ever divided by.
    """
    m = rotation
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    diagonal = torch.stack([m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], -1)
    squares = torch.cat([(1 + trace)[..., None], 1 - trace[..., None] + 2 * diagonal], -1)
    wx, wy, wz = (m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1])
    xy, xz, yz = (m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1])
    candidates = torch.stack([
        torch.stack([squares[..., 0], wx, wy, wz], -1),
        torch.stack([wx, squares[..., 1], xy, xz], -1),
        torch.stack([wy, xy, squares[..., 2], yz], -1),
        torch.stack([wz, xz, yz, squares[..., 3]], -1),
    ], -2)
    largest = squares.argmax(-1)[..., None, None].expand(*squares.shape[:-1], 1, 4)
    quaternion = candidates.gather(-2, largest).squeeze(-2)
    quaternion = quaternion / quaternion.norm(dim=-1, keepdim=True)
    quaternion = torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    imaginary = quaternion[..., 1:]
    sine = imaginary.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2(sine, quaternion[..., :1])
    return torch.where(sine > 1e-9, imaginary / sine.clamp(min=1e-12) * angle, 2 * imaginary)


def orthonormalise(rotation: Tensor) -> Tensor:
    """Removes rounding drift from rotation matrices by Gram-Schmidt on their columns."""
    x = torch.nn.functional.normalize(rotation[..., 0], dim=-1)
    y = rotation[..., 1] - (rotation[..., 1] * x).sum(-1, keepdim=True) * x
    y = torch.nn.functional.normalize(y, dim=-1)
    return torch.stack([x, y, torch.cross(x, y, dim=-1)], -1)


def integrate(rotation: Tensor, position: Tensor, twist: Tensor, seconds: float) -> tuple[Tensor, Tensor]:
    """Moves cameras by a twist in their own frame: T_wc <- T_wc * [exp(w dt), v dt]."""
    moved = position + (rotation @ (twist[:, :3, None] * seconds))[..., 0]
    turned = rotation @ rotation_from_vector(twist[:, 3:] * seconds)
    return orthonormalise(turned), moved


def to_camera(rotation: Tensor, position: Tensor, points: Tensor) -> Tensor:
    """World points [B,N,3] in camera coordinates."""
    return (points - position[:, None]) @ rotation


def to_camera_one(rotation: Tensor, position: Tensor, point: Tensor) -> Tensor:
    """One world point a batch element [B,3] in camera coordinates."""
    return ((point - position)[:, None] @ rotation)[:, 0]


def project(camera_points: Tensor, limit: float = 5.0) -> Tensor:
    """Normalised image points [B,N,2] of camera points, clamped to +-limit."""
    depth = camera_points[..., 2:].clamp(min=1e-3)
    return (camera_points[..., :2] / depth).clamp(-limit, limit)


def angle_between(first: Tensor, second: Tensor) -> Tensor:
    """Angle in degrees between vectors along the last axis."""
    cosine = torch.nn.functional.cosine_similarity(first, second, dim=-1, eps=1e-12)
    return torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))
