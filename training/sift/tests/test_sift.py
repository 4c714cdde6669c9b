"""Run as ``python -m pytest sift`` from the folder ``training``."""

import math

import cv2
import numpy as np
import pytest
import torch

from sift.network import SiftNetwork
from sift.pyramid import BlockBlur


@pytest.fixture(scope='module')
def sift():
    network = SiftNetwork().eval()

    def run(picture, contrast=0.04):
        with torch.no_grad():
            outputs = network(torch.from_numpy(picture)[None, None], torch.tensor([contrast]))
        return [part.numpy() for part in outputs]

    return run


def blob(x, y, sigma, size=128):
    rows, columns = np.mgrid[0:size, 0:size]
    return np.uint8(40 + 180 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)))


@pytest.mark.parametrize('height, width', [(64, 96), (45, 71), (33, 64)])
def test_block_blur_is_gaussian_blur_with_mirrored_edges(height, width):
    image = np.random.default_rng(0).random((height, width), np.float32)
    found = BlockBlur([1.9], halo=16)(torch.from_numpy(image))[0].numpy()
    expected = cv2.GaussianBlur(image, (31, 31), 1.9, borderType=cv2.BORDER_REFLECT_101)
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize('x, y, sigma', [(60.0, 64.0, 3.0), (55.3, 70.6, 4.0), (64.5, 61.25, 6.0)])
def test_finds_a_blob_where_it_is_and_as_large_as_it_is(sift, x, y, sigma):
    points, scores, _, frames = sift(blob(x, y, sigma))
    assert len(points) > 0
    assert np.abs(points[0] - (x, y)).max() < 0.1
    # The difference of Gaussians at k = 2^(1/3) is largest where its two sigmas enclose that of the blob.
    assert frames[0, 0] == pytest.approx(sigma / 2 ** (1 / 6), rel=0.08)


def test_descriptors_turn_with_the_picture(sift):
    random = np.random.default_rng(3)
    picture = cv2.GaussianBlur(random.integers(0, 256, (256, 256)).astype(np.uint8), (0, 0), 3)
    picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    points, _, vectors, frames = sift(picture)
    turned_points, _, turned_vectors, turned_frames = sift(np.ascontiguousarray(np.rot90(picture, -1)))
    nearest = (vectors @ turned_vectors.T).argmax(1)
    # A clockwise rotation by 90 degrees maps (x, y) to (255 - y, x) and adds 90 degrees to the angle.
    expected = np.stack([255 - points[:, 1], points[:, 0]], 1)
    right = np.abs(turned_points[nearest] - expected).max(1) < 0.5
    assert right.mean() > 0.8
    turn = turned_frames[nearest[right], 1] - frames[right, 1] - math.pi / 2
    assert np.abs(np.angle(np.exp(1j * turn))).max() < 0.3


def test_finds_nothing_where_nothing_is(sift):
    for part, width in zip(sift(np.full((96, 64), 200, np.uint8)), (2, None, 128, 2), strict=True):
        assert part.shape == ((0,) if width is None else (0, width))


def test_needs_less_contrast_when_told_so(sift):
    faint = np.uint8(100 + (blob(60, 60, 4).astype(float) - 40) / 20)
    assert len(sift(faint)[0]) == 0
    assert len(sift(faint, 0.008)[0]) > 0
