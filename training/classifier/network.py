"""The network: seven 3x3 convolutions, global average pooling, one linear layer. 0.42 million weights."""

import numpy as np
import torch
from torch import Tensor, nn

from .labels import LABELS

SIZE = 64
"""Side of the input of the exported network, pixels."""
MEAN, SPREAD = 0.5, 0.25
"""Input normalisation of values in 0..1: (value - MEAN) / SPREAD, the same for all channels."""
WIDTHS = ((24, 2), (48, 2), (48, 1), (96, 2), (96, 1), (128, 2), (128, 1))
"""Channels and stride of each convolution."""


def _convolution(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class ClassifierNetwork(nn.Module):
    """[n, 3, h, w] normalised RGB -> logits [n, 40]."""

    def __init__(self):
        super().__init__()
        channels = [3, *(width for width, _ in WIDTHS)]
        self.features = nn.Sequential(*(
            _convolution(before, after, stride) for before, (after, stride) in zip(channels, WIDTHS)))
        self.drop = nn.Dropout(0.1)
        self.classify = nn.Linear(channels[-1], len(LABELS))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.classify(self.drop(self.features(pictures).mean((2, 3))))


def to_input(pictures: np.ndarray) -> np.ndarray:
    """Converts uint8 [n, h, w, 3] to the network's input, float32 [n, 3, h, w]."""
    return np.ascontiguousarray(((pictures.astype(np.float32) / 255 - MEAN) / SPREAD).transpose(0, 3, 1, 2))


def load_network(checkpoint, averaged: bool = True) -> ClassifierNetwork:
    """Loads the network of a checkpoint, in evaluation mode."""
    state = torch.load(checkpoint, weights_only=True)
    network = ClassifierNetwork()
    network.load_state_dict(state['average' if averaged else 'network'])
    return network.eval()
