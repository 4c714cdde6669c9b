import numpy as np
import pytest
import torch
import torch.nn.functional as F

from inpainting.export import check_parity, export_graph
from inpainting.masks import MAX_SHARE, MIN_SHARE, random_mask
from inpainting.network import CELL, InpaintingNetwork, push_pull
from inpainting.photos import held_out


def hole_at(height, width, top, left, size):
    hole = torch.zeros(1, 1, height, width)
    hole[..., top:top + size, left:left + size] = 1
    return hole


def enlarged(fill):
    return F.pixel_shuffle(fill.pixels, CELL)


def test_push_pull_continues_a_constant():
    hole = hole_at(64, 96, 16, 24, 30)
    constant = torch.full((1, 3, 64, 96), 0.3)
    fill = push_pull(constant * (1 - hole), hole)
    assert torch.allclose(fill.colour, constant[..., ::CELL, ::CELL], atol=1e-5)
    assert torch.allclose(enlarged(fill), constant, atol=1e-5)
    assert fill.known.min() == 0 and fill.known.max() == 1


def test_push_pull_is_enlarged_as_a_bilinear_resize_would():
    fill = push_pull(torch.rand(1, 3, 64, 96), hole_at(64, 96, 16, 24, 30))
    expected = F.interpolate(fill.colour, scale_factor=CELL, mode='bilinear', align_corners=False)
    assert torch.allclose(enlarged(fill), expected, atol=1e-6)


def test_untrained_network_is_close_to_push_pull_so_that_training_starts_there():
    torch.manual_seed(3)
    image, hole = torch.rand(1, 3, 64, 64), hole_at(64, 64, 20, 20, 24)
    with torch.no_grad():
        difference = (InpaintingNetwork()(image, hole) - enlarged(push_pull(image, hole))) * hole
    assert difference.abs().max() < 0.2


def test_known_pixels_come_back_bit_equal():
    torch.manual_seed(4)
    image, hole = torch.rand(1, 3, 64, 64), hole_at(64, 64, 20, 20, 24)
    with torch.no_grad():
        filled = InpaintingNetwork()(image, hole)
    assert torch.equal(filled * (1 - hole), image * (1 - hole))


def test_exported_graph_equals_torch_on_all_sizes(tmp_path):
    torch.manual_seed(5)
    network = InpaintingNetwork().eval()
    export_graph(network, tmp_path / 'model.onnx')
    assert check_parity(network, tmp_path / 'model.onnx') < 1e-4


def test_parity_check_refuses_another_network(tmp_path):
    torch.manual_seed(5)
    export_graph(InpaintingNetwork().eval(), tmp_path / 'model.onnx')
    other = InpaintingNetwork().eval()
    other.head.weight.data.mul_(50)
    with pytest.raises(ValueError, match='differ'):
        check_parity(other, tmp_path / 'model.onnx')


def test_masks_cover_neither_nothing_nor_everything():
    random = np.random.default_rng(1)
    shares = [random_mask(128, random).mean() for _ in range(50)]
    assert np.mean([MIN_SHARE < share < MAX_SHARE for share in shares]) > 0.9


def test_held_out_photos_depend_on_names_only():
    names = [f'cc-photos/{k}.jpg' for k in range(75)] + [f'other/{k}.jpg' for k in range(300)]
    chosen = held_out(names)
    assert chosen == held_out(names[::-1])
    assert len(chosen) == 60 and sum(name.startswith('cc-photos/') for name in chosen) == 20
