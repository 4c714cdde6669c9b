from cns.episodes import EpisodeSettings
from cns.schedule import Phase
from cns.train import Trainer
from tests.resuming import check_resuming

ONE_WINDOW = (Phase('short', 1e6, 1e-3, 1e-4, warm_up=1, window=2, episodes=EpisodeSettings(batch=2, most_points=32, windows=(1,))),)
"""Each episode is one window: the episode under way is not part of a checkpoint, a resumed run begins another."""


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    check_resuming(tmp_path, lambda folder: Trainer(folder, 7, ONE_WINDOW))
