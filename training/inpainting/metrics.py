"""How close a filled hole is to what was there; pictures RGB [H,W,3] uint8, holes [H,W] uint8 with 1 = hole."""

import cv2
import numpy as np

_LIGHT = np.array([0.299, 0.587, 0.114])
LONGEST_PERIOD = 12
NOISE_SIGMA = 5.0


def hole_psnr(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """dB over the hole's pixels and colours."""
    difference = truth[hole == 1].astype(float) - filled[hole == 1]
    return 10 * np.log10(255 ** 2 / max(float((difference ** 2).mean()), 1e-9))


def hole_l1(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """Mean absolute difference over the hole, of 255."""
    return float(np.abs(truth[hole == 1].astype(float) - filled[hole == 1]).mean())


def ssim(truth: np.ndarray, filled: np.ndarray) -> float:
    """Structural similarity of the luminance over the whole picture (Gaussian window of deviation 1.5)."""
    a, b = truth @ _LIGHT, filled @ _LIGHT
    blur = lambda x: cv2.GaussianBlur(x, (11, 11), 1.5)
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a ** 2, blur(b * b) - mean_b ** 2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * mean_a * mean_b + c1) * (2 * covariance + c2))
                  / ((mean_a ** 2 + mean_b ** 2 + c1) * (var_a + var_b + c2))).mean())


def gradient_ratio(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """Sobel magnitude of the luminance summed over the eroded hole, filled over true; 1 = as much detail."""
    inner = cv2.erode(hole, np.ones((7, 7), np.uint8)) == 1
    if not inner.any():
        inner = hole == 1
    magnitude = lambda x: np.hypot(cv2.Sobel(x, cv2.CV_64F, 1, 0), cv2.Sobel(x, cv2.CV_64F, 0, 1))
    return float(magnitude(filled @ _LIGHT)[inner].sum() / max(magnitude(truth @ _LIGHT)[inner].sum(), 1e-9))


def grid(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """How much more periodic the fill is than the truth: the largest gain in a peak of the autocorrelation.

    Of the Laplacian of the luminance inside the hole, along x or y; a peak is how far a lag of 3 to 12 pixels stands
    out of the mean of its two neighbours, so that a smooth fill has none and stripes have one near 1.
    """
    return max(0.0, max(_peak(filled, hole, axis, lag) - max(0.0, _peak(truth, hole, axis, lag))
                        for axis in (0, 1) for lag in range(3, LONGEST_PERIOD + 1)))


def _peak(picture: np.ndarray, hole: np.ndarray, axis: int, lag: int) -> float:
    at = lambda shift: _correlation(picture, hole, axis, shift)
    return at(lag) - (at(lag - 1) + at(lag + 1)) / 2


def _correlation(picture: np.ndarray, hole: np.ndarray, axis: int, lag: int) -> float:
    light = cv2.Laplacian(picture @ _LIGHT, cv2.CV_64F)
    inside = cv2.erode(hole, np.ones((3, 3), np.uint8)) == 1
    both = inside & np.roll(inside, lag, axis)
    index = np.arange(light.shape[axis]) >= lag
    both &= index[:, None] if axis == 0 else index[None, :]
    if both.sum() < 64:
        return 0.0
    a, b = light[both], np.roll(light, lag, axis)[both]
    return float((a * b).mean() / max(np.sqrt((a ** 2).mean() * (b ** 2).mean()), 1e-6))


def with_noise(filled: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
    """A control that fools measures of sharpness: white noise over the hole."""
    noise = np.random.default_rng(seed).normal(0, NOISE_SIGMA, filled.shape)
    noisy = np.clip(np.round(filled + noise), 0, 255).astype(np.uint8)
    return np.where(hole[:, :, None] == 1, noisy, filled)
