import numpy as np

from inpainting.metrics import gradient_ratio, grid, hole_l1, hole_psnr, ssim, with_noise


def scene():
    random = np.random.default_rng(2)
    picture = random.integers(60, 190, (96, 128, 3)).astype(np.uint8)
    hole = np.zeros((96, 128), np.uint8)
    hole[20:70, 30:90] = 1
    return picture, hole


def test_differences_are_measured_inside_the_hole_only():
    truth, hole = scene()
    filled = truth.copy()
    filled[hole == 1] += 10
    assert hole_l1(truth, filled, hole) == 10
    assert np.isclose(hole_psnr(truth, filled, hole), 20 * np.log10(255 / 10))
    outside = truth.copy()
    outside[hole == 0] += 10
    assert hole_l1(truth, outside, hole) == 0


def test_ssim_is_one_for_the_truth_and_falls_with_damage():
    truth, hole = scene()
    assert np.isclose(ssim(truth, truth), 1)
    assert ssim(truth, np.where(hole[:, :, None] == 1, 128, truth).astype(np.uint8)) < 0.9


def test_gradient_ratio_falls_for_blur_and_is_fooled_by_noise():
    truth, hole = scene()
    flat = np.where(hole[:, :, None] == 1, 128, truth).astype(np.uint8)
    assert gradient_ratio(truth, truth, hole) == 1
    assert gradient_ratio(truth, flat, hole) < 0.05
    assert gradient_ratio(truth, with_noise(flat, hole, 1), hole) > 0.05


def test_grid_tells_stripes_from_noise_and_from_a_plain():
    truth, hole = scene()
    flat = np.where(hole[:, :, None] == 1, 128, truth).astype(np.uint8)
    stripes = flat.copy()
    wave = (12 * np.sin(np.arange(128) * np.pi / 2))[None, :, None]
    stripes[hole == 1] = np.clip(np.broadcast_to(128 + wave, truth.shape), 0, 255).astype(np.uint8)[hole == 1]
    assert grid(truth, stripes, hole) > 0.5
    assert grid(truth, with_noise(flat, hole, 1), hole) < 0.1
    assert grid(truth, flat, hole) < 0.1
