"""The law the policy learns: pose-based servoing with the scene centre as feature."""

import torch
from torch import Tensor

from .geometry import rotation_to_vector, to_camera_one


def centre_keeping_velocity(rotation: Tensor, position: Tensor, goal_rotation: Tensor,
                            goal_position: Tensor, centre: Tensor) -> Tensor:
    """Velocity [B,6] (m/s, rad/s, current camera frame) that reaches the goal at unit gain.

    With P the scene centre in the camera's frame and u the rotation vector from the goal to the
    current camera: v = -(P_goal - P + P x u), w = -u. Under this law dP/dt = P_goal - P, so the
    centre runs straight to its place and stays in view, and the rotation decays exponentially.
    """
    turn = rotation_to_vector(goal_rotation.transpose(1, 2) @ rotation)
    centre_goal = to_camera_one(goal_rotation, goal_position, centre)
    centre_now = to_camera_one(rotation, position, centre)
    linear = -(centre_goal - centre_now + torch.cross(centre_now, turn, dim=-1))
    return torch.cat([linear, -turn], -1)


def in_goal_distances(twist: Tensor, goal_distance: Tensor) -> Tensor:
    """Divides the translation of twists [B,6] by the goal distances [B]."""
    return torch.cat([twist[:, :3] / goal_distance[:, None], twist[:, 3:]], -1)


def in_metres(twist: Tensor, goal_distance: Tensor) -> Tensor:
    """Multiplies the translation of twists [B,6] by the goal distances [B]."""
    return torch.cat([twist[:, :3] * goal_distance[:, None], twist[:, 3:]], -1)
