import torch

from cns.benchmark import draw_pairs, pose_error
from cns.geometry import integrate, to_camera_one
from cns.teacher import centre_keeping_velocity


def test_the_law_reaches_the_goal_with_the_closed_form_decay():
    """Rotation and scene centre obey dr/dt = -r, so after T seconds exp(-T) of both is left."""
    pairs = draw_pairs(30)
    centre = pairs.scene.mean(1)
    rotation, position = pairs.rotation, pairs.position
    start_degrees, _ = pose_error(rotation, position, pairs.goal_rotation, pairs.goal_position)
    goal_centre = to_camera_one(pairs.goal_rotation, pairs.goal_position, centre)
    start_offset = to_camera_one(rotation, position, centre) - goal_centre
    seconds, steps = 2.0, 2000
    for _ in range(steps):
        twist = centre_keeping_velocity(rotation, position, pairs.goal_rotation, pairs.goal_position, centre)
        rotation, position = integrate(rotation, position, twist, seconds / steps)
    left = torch.exp(torch.tensor(-seconds, dtype=torch.float64))
    degrees, _ = pose_error(rotation, position, pairs.goal_rotation, pairs.goal_position)
    assert torch.allclose(degrees, start_degrees * left, rtol=5e-3, atol=1e-3)
    offset = to_camera_one(rotation, position, centre) - goal_centre
    assert torch.allclose(offset, start_offset * left, atol=1e-3)


def test_a_camera_right_of_its_goal_is_told_to_go_left():
    identity = torch.eye(3)[None]
    twist = centre_keeping_velocity(identity, torch.tensor([[0.2, 0.0, 0.0]]), identity, torch.zeros(1, 3),
                                    torch.tensor([[0.0, 0.0, 1.0]]))
    assert torch.allclose(twist, torch.tensor([[-0.2, 0, 0, 0, 0, 0]]), atol=1e-6)
