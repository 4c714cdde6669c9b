"""Shared test of all trainers: a resumed run continues exactly like an uninterrupted one."""

from pathlib import Path
from typing import Callable

import torch

from training_loop import Trainer


def run_updates(trainer: Trainer, updates: int) -> Trainer:
    """Resumes a trainer if its folder has a checkpoint, and stops it after some updates."""
    trainer.folder.mkdir(parents=True, exist_ok=True)
    trainer.resume()
    last, update = trainer.counters['updates'] + updates, trainer.update

    def stopping_update(phase, progress):
        if trainer.counters['updates'] + 1 == last:
            trainer.stop()
        return update(phase, progress)

    trainer.update = stopping_update
    trainer.run()
    return trainer


def check_resuming(folder: Path, make: Callable[[Path], Trainer]) -> None:
    """Three updates in one run, and two and one in two runs, give the same weights and counters."""
    torch.set_num_threads(1)
    straight = run_updates(make(folder / 'straight'), 3)
    before = run_updates(make(folder / 'broken'), 2)
    resumed = run_updates(make(folder / 'broken'), 1)
    assert before.counters['updates'] == 2 and straight.counters['updates'] == resumed.counters['updates'] == 3
    assert straight.counters[straight.examples] == resumed.counters[straight.examples] > before.counters[straight.examples]
    assert (straight.counters['resumes'], resumed.counters['resumes']) == (0, 1)
    for name in straight.average:
        assert torch.allclose(straight.average[name], resumed.average[name], rtol=1e-3, atol=1e-5), name
        assert torch.allclose(straight.network.state_dict()[name], resumed.network.state_dict()[name], rtol=1e-3, atol=1e-5), name
    assert any(not torch.equal(before.average[name], resumed.average[name]) for name in straight.average)
