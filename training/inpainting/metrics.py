"""Similarity of a filled hole to the original; images RGB [H,W,3] uint8, holes [H,W] uint8 with 1 = hole."""

import cv2
import numpy as np

_LIGHT = np.array([0.299, 0.587, 0.114])
MAX_PERIOD = 12
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
    """Sobel magnitude of the luminance over the eroded hole, filled divided by original; 1 means equal detail."""
    inner = cv2.erode(hole, np.ones((7, 7), np.uint8)) == 1
    if not inner.any():
        inner = hole == 1
    magnitude = lambda x: np.hypot(cv2.Sobel(x, cv2.CV_64F, 1, 0), cv2.Sobel(x, cv2.CV_64F, 0, 1))
    return float(magnitude(filled @ _LIGHT)[inner].sum() / max(magnitude(truth @ _LIGHT)[inner].sum(), 1e-9))


def grid(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """How much more periodic the fill is than the original: the largest gain in a peak of the autocorrelation.

    Computed on the Laplacian of the luminance inside the hole, along x or y. A peak is how far a lag of 3 to 12
    pixels exceeds the mean of its two neighbours, so a smooth fill has none and stripes have one near 1.
    """
    inside = cv2.erode(hole, np.ones((3, 3), np.uint8)) == 1
    found, expected = (cv2.Laplacian(picture @ _LIGHT, cv2.CV_64F) for picture in (filled, truth))
    worst = 0.0
    for axis in (0, 1):
        gained, had = (_correlations(detail, inside, axis) for detail in (found, expected))
        for lag in range(3, MAX_PERIOD + 1):
            worst = max(worst, _peak(gained, lag) - max(0.0, _peak(had, lag)))
    return worst


def _peak(correlations: dict[int, float], lag: int) -> float:
    return correlations[lag] - (correlations[lag - 1] + correlations[lag + 1]) / 2


def _correlations(detail: np.ndarray, inside: np.ndarray, axis: int) -> dict[int, float]:
    """Autocorrelation of the detail for lags from 2 to one more than the longest period, over positions inside the
    hole at both ends.
    """
    detail, inside = (detail, inside) if axis == 0 else (detail.T, inside.T)
    found = {}
    for lag in range(2, MAX_PERIOD + 2):
        both = inside[lag:] & inside[:-lag]
        a, b = detail[lag:][both], detail[:-lag][both]
        found[lag] = (float((a * b).mean() / max(np.sqrt((a ** 2).mean() * (b ** 2).mean()), 1e-6))
                      if both.sum() >= 64 else 0.0)
    return found


def with_noise(filled: np.ndarray, hole: np.ndarray, seed: int) -> np.ndarray:
    """A control that deceives sharpness metrics: white noise over the hole."""
    noise = np.random.default_rng(seed).normal(0, NOISE_SIGMA, filled.shape)
    noisy = np.clip(np.round(filled + noise), 0, 255).astype(np.uint8)
    return np.where(hole[:, :, None] == 1, noisy, filled)
