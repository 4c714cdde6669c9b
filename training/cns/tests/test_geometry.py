import math

import torch

from cns.geometry import integrate, rotation_from_vector, rotation_to_vector


def test_quarter_turn_about_the_optical_axis_takes_x_to_y():
    turned = rotation_from_vector(torch.tensor([[0.0, 0.0, math.pi / 2]])) @ torch.tensor([1.0, 0.0, 0.0])
    assert torch.allclose(turned, torch.tensor([[0.0, 1.0, 0.0]]), atol=1e-6)


def test_rotation_vectors_survive_the_round_trip_from_tiny_angles_to_a_half_turn():
    torch.manual_seed(0)
    axes = torch.nn.functional.normalize(torch.randn(60, 3, dtype=torch.float64), dim=-1)
    angles = torch.cat([torch.logspace(-8, 0, 30), torch.linspace(1, math.pi - 1e-6, 30)]).double()
    vectors = axes * angles[:, None]
    assert torch.allclose(rotation_to_vector(rotation_from_vector(vectors)), vectors, atol=1e-8)


def test_a_constant_twist_moves_the_camera_along_its_own_axes():
    quarter = rotation_from_vector(torch.tensor([[0.0, 0.0, math.pi / 2]]))
    _, position = integrate(quarter, torch.zeros(1, 3), torch.tensor([[2.0, 0, 0, 0, 0, 0]]), 0.5)
    assert torch.allclose(position, torch.tensor([[0.0, 1.0, 0.0]]), atol=1e-6)
