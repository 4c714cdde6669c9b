import numpy as np

from inpainting.train import Trainer
from tests.resuming import check_resuming
from training_loop import Phase

LONG = (Phase('all', 1e6, 1e-3, 1e-4, warm_up=1),)
PHOTOS = [np.random.default_rng(n).integers(0, 256, (240, 240, 3), np.uint8) for n in range(2)]


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    check_resuming(tmp_path, lambda folder: Trainer(folder, PHOTOS, 7, LONG))
