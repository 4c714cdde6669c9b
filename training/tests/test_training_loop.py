import itertools
import json
import signal

import pytest
import torch
from torch import nn

import training_loop
from tests.resuming import check_resuming, run_updates
from training_loop import AVERAGE_DECAY, Phase, Trainer, command_line, effort, log_lines, run_trainer, with_budgets

PHASES = (Phase('first', 4, 0.1, 0.01, warm_up=2), Phase('second', 3, 0.02, 0.0, warm_up=1))


class Line(Trainer[Phase]):
    """Learns y = 2x."""

    examples, log_every = 'points', 2

    def __init__(self, folder, seed=1, phases=PHASES, network=None):
        torch.manual_seed(seed)
        network = network or nn.Linear(1, 1)
        groups = [{'params': [network.weight], 'factor': 3.0}, {'params': [network.bias]}]
        super().__init__(folder, seed, phases, network, torch.optim.Adam(groups))
        self.rates = []

    def update(self, _phase, _progress):
        self.rates.append([group['lr'] for group in self.optimiser.param_groups])
        points = torch.randn(8, 1)
        loss = (self.network(points) - 2 * points).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.counters['points'] += 8
        return {'loss': loss.item()}


OPTIONS = command_line('text').parse_args(['--out', 'runs/a'])


@pytest.fixture(autouse=True)
def one_second_an_update(monkeypatch):
    clock = itertools.count(step=1)
    monkeypatch.setattr(training_loop.time, 'process_time', lambda: float(next(clock)))


@pytest.fixture(autouse=True)
def handlers_as_before():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    check_resuming(tmp_path, Line)


def test_phases_follow_each_other_and_end_by_processor_time(tmp_path):
    trainer = Line(tmp_path)
    trainer.run()
    assert trainer.counters == {'phase': 1, 'phase_seconds': 3.0, 'phase_progress': 1.0, 'phase_updates': 3, 'updates': 7,
                                'seconds': 7.0, 'resumes': 0, 'points': 56}
    lines = log_lines(trainer.checkpoint_path, 100)
    assert [(line['phase'], line['update'], line['points']) for line in lines] == [
        ('first', 2, 16), ('first', 4, 32), ('second', 6, 48)]
    assert [line['update'] for line in log_lines(trainer.checkpoint_path, 5)] == [2, 4]
    assert all(line['loss'] > 0 for line in lines)


def test_the_rate_warms_up_falls_and_is_scaled_by_group(tmp_path):
    trainer = Line(tmp_path)
    trainer.run()
    # Half of the rate during warm-up, then quarter points of half a cosine from 0.1 to 0.01.
    assert [rate for _, rate in trainer.rates[:4]] == pytest.approx([0.05, 0.086820, 0.055, 0.023180], abs=1e-5)
    assert all(first == pytest.approx(3 * second) for first, second in trainer.rates)
    assert PHASES[0].rate(1, 500) == pytest.approx(0.01)


def test_a_stopped_run_ends_with_a_checkpoint_inside_its_phase(tmp_path):
    run_updates(Line(tmp_path), 3)
    assert torch.load(tmp_path / 'checkpoint.pt', weights_only=True)['counters']['phase_seconds'] == 3.0
    resumed = Line(tmp_path)
    run_trainer(resumed, OPTIONS)
    assert resumed.counters['updates'] == 7 and resumed.counters['resumes'] == 1


def test_a_signal_stops_the_run(tmp_path):
    trainer = Line(tmp_path)
    update = trainer.update
    trainer.update = lambda *given: (signal.raise_signal(signal.SIGTERM), update(*given))[1]
    run_trainer(trainer, OPTIONS)
    assert trainer.counters['updates'] == 1 and trainer.checkpoint_path.exists()


def test_a_finished_run_goes_on_with_more_seconds_for_its_last_phase(tmp_path):
    run_trainer(Line(tmp_path), OPTIONS)
    again = Line(tmp_path)
    run_trainer(again, OPTIONS)
    assert again.counters['updates'] == 7
    longer = Line(tmp_path, phases=with_budgets(PHASES, '4,5'))
    run_trainer(longer, OPTIONS)
    assert longer.counters['updates'] == 9
    assert torch.load(longer.checkpoint_path, weights_only=True)['budgets'] == {'first': 4.0, 'second': 5.0}


def test_a_run_ends_at_its_hour_with_the_rates_that_end_the_schedule(tmp_path, monkeypatch):
    # 700 seconds of work but 70 of time, which are shared 40 to 30.
    now = itertools.count(1000)
    monkeypatch.setattr(training_loop.time, 'time', lambda: next(now))
    trainer = Line(tmp_path, phases=with_budgets(PHASES, '400,300'))
    trainer.until = 1000 + 70
    trainer.run()
    assert [trainer.counters['phase'], trainer.counters['phase_progress'] >= 1] == [1, True]
    assert 60 <= trainer.counters['updates'] <= 70 and 26 <= trainer.counters['phase_updates'] <= 31
    assert trainer.rates[-1][1] < 0.001
    trainer.until = 1000 + 170
    trainer.run()
    # The run is finished; with other seconds, the later end time counts, starting from the share already spent.
    assert trainer.counters['updates'] <= 70
    longer = Line(tmp_path, phases=with_budgets(PHASES, '400,600'))
    longer.until = next(now) + 50
    longer.resume()
    assert longer.counters['phase_progress'] == pytest.approx(longer.counters['phase_seconds'] / 600)
    longer.run()
    assert longer.counters['updates'] > 100 and longer.rates[0][1] > 0.019


def test_a_run_whose_hour_is_past_only_ends(tmp_path):
    trainer = Line(tmp_path)
    trainer.until = 0.0
    trainer.run()
    assert trainer.counters['updates'] == 0


def test_another_seed_does_not_resume(tmp_path):
    Line(tmp_path, seed=1).save()
    with pytest.raises(ValueError, match='seed 1, not 2'):
        Line(tmp_path, seed=2).resume()


def test_a_killed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    trainer = run_updates(Line(tmp_path), 1)

    def dies(_state, path):
        path.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(training_loop.torch, 'save', dies)
    with pytest.raises(KeyboardInterrupt):
        trainer.save()
    assert Line(tmp_path).resume()


def test_averaged_weights_follow_soon_and_smooth_later(tmp_path):
    trainer = Line(tmp_path)
    first = trainer.average['weight'].clone()
    run_updates(trainer, 1)
    # After one update the average retains 2/11 of its previous value.
    expected = first * 2 / 11 + trainer.network.weight.detach() * 9 / 11
    assert torch.allclose(trainer.average['weight'], expected)
    trainer.counters['updates'] = 10 ** 6
    kept = trainer.average['weight'].clone()
    trainer._average_weights()
    expected = kept * AVERAGE_DECAY + trainer.network.weight.detach() * (1 - AVERAGE_DECAY)
    assert torch.allclose(trainer.average['weight'], expected)


class Grown(nn.Linear):
    def __init__(self):
        super().__init__(1, 1)
        self.more = nn.Parameter(torch.ones(1))


def test_a_new_run_takes_over_weights_and_effort_of_another(tmp_path):
    (tmp_path / 'a').mkdir()
    old = run_updates(Line(tmp_path / 'a'), 3)
    grown = Line(tmp_path / 'b', network=Grown())
    grown.start_from(old.checkpoint_path)
    assert torch.equal(grown.network.weight, old.average['weight']) and grown.network.more.item() == 1
    assert grown.counters['updates'] == 3 and grown.counters['points'] == 24 and grown.counters['phase_updates'] == 0
    record = effort({'by_clock': True, **torch.load(old.checkpoint_path, weights_only=True), 'startedFrom': grown.started_from}, 'points')
    assert record['startedFrom'] == {'updates': 3, 'newTensors': 1} and record['points'] == 24
    with pytest.raises(ValueError, match='has no more'):
        run_updates(grown, 1)
        Line(tmp_path / 'c').start_from(tmp_path / 'b' / 'checkpoint.pt')


def test_budgets_of_the_command_line():
    options = command_line('text').parse_args(['--out', 'runs/a', '--seconds', '1,2.5'])
    assert [phase.seconds for phase in with_budgets(PHASES, options.seconds)] == [1.0, 2.5]
    assert with_budgets(PHASES, None) == PHASES
    with pytest.raises(ValueError):
        with_budgets(PHASES, '1')
    assert json.dumps(effort({'counters': {'updates': 1, 'points': 8, 'seconds': 0.6, 'resumes': 0}, 'seed': 1, 'budgets': {},
                              'startedFrom': None, 'by_clock': False}, 'points')).startswith('{"seed": 1, "updates": 1, "points": 8, "seconds": 1')
