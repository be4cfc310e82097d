"""Evolution around a design, and fine-tuning of its network."""

from __future__ import annotations

import pytest

from codesign.errors import UsageError
from codesign.scoring import BodyScorer
from codesign.scoring.task_words import task_words
from codesign.studio import jobs
from codesign.studio.finetuning import Curve, Tuned, fine_tune
from codesign.studio.improving import OFFERED, Evolution, Offer, Progress, improve
from codesign.studio.jobs import STOP
from codesign.studio.walking import Setting
from morph_ops.identity import body_hash
from morph_ops.validity import is_valid

SETTING = Setting(controller="flat-v0", best_of=1)
SHORT = {"simulations": 8, "workers": 1, "episodes": 1}
SMALL = Evolution(rounds=2, children=6, parents=2, episodes=1, offered_episodes=2)


class Channel(jobs.Channel):
    """A channel in this process, with messages that wait in it."""

    def __init__(self, *waiting):
        self.sent, self.waiting = [], list(waiting)

    def send(self, message):
        self.sent.append(message)

    def waits(self):
        return bool(self.waiting)

    def receive(self):
        return self.waiting.pop(0)


class StopsLater(Channel):
    """A channel on which a stop comes after some messages."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def waits(self):
        return len(self.sent) == self.after

    def receive(self):
        return STOP


def evolved(body, channel=None):
    channel = channel or Channel()
    improve(channel, body, setting=SETTING, evolution=SMALL)
    return channel.sent


@pytest.fixture(scope="module")
def reports(body):
    """All reports of one evolution."""
    return evolved(body)


def test_an_evolution_offers_the_best_children_after_each_round(reports):
    offers = [report for report in reports if isinstance(report, Offer)]
    assert [offer.round for offer in offers] == [1, 2]
    for offer in offers:
        scores = [child.record.score for child in offer.children]
        assert 1 <= len(scores) <= OFFERED
        assert scores == sorted(scores, reverse=True)
    progress = [report for report in reports if isinstance(report, Progress)]
    assert list(dict.fromkeys(report.done for report in progress)) == list(range(13))
    shares = [report.share for report in progress]
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_the_best_score_so_far_is_that_of_a_child(body, reports):
    progress = [report for report in reports if isinstance(report, Progress)]
    design = BodyScorer(controller="flat-v0", episodes=1)(body, variant=0).score
    assert {report.design_score for report in progress} == {design}
    best = [report.best for report in progress]
    assert best[0] == float("-inf")
    assert best == sorted(best)
    assert best[-1] > 0.0


def test_an_evolution_that_stops_in_its_first_round_offers_what_it_found(body):
    *progress, offer = evolved(body, StopsLater(5))
    assert [type(report) for report in progress] == [Progress] * 5
    assert offer.round == 0
    assert offer.children[0].record.score == progress[-1].best
    assert offer.children[0].episode is not None
    assert offer.design_score == progress[-1].design_score


def test_an_evolution_that_stops_later_has_made_its_offer(body, reports):
    first = next(i for i, report in enumerate(reports) if isinstance(report, Offer))
    stopped = evolved(body, StopsLater(first + 2))
    assert [i for i, report in enumerate(stopped) if isinstance(report, Offer)] == [first]


def test_children_are_new_valid_and_walk(body, reports):
    offer = reports[-1]
    hashes = {body_hash(child.graph) for child in offer.children}
    assert len(hashes) == len(offer.children)
    assert body_hash(body) not in hashes
    for child in offer.children:
        assert is_valid(child.graph)
        assert child.operators
        assert child.episode.steps > 0
        expected = BodyScorer(controller="flat-v0", episodes=2)(child.graph, variant=0)
        assert child.record.returns == expected.returns


def test_an_evolution_depends_on_its_seed_alone(body, reports):
    first, second = reports[-1], evolved(body)[-1]
    assert [body_hash(child.graph) for child in first.children] == [
        body_hash(child.graph) for child in second.children
    ]


@pytest.mark.slow
def test_fine_tuning_reports_a_curve_and_the_network(body):
    channel = Channel()
    fine_tune(channel, body, setting=SETTING, steps=1024, **SHORT)
    *curve, tuned = channel.sent
    assert [type(point) for point in curve] == [Curve] * 2
    assert curve[-1].steps >= 1024
    assert isinstance(tuned, Tuned)
    assert tuned.network.n_nodes == len(body)


@pytest.mark.slow
def test_fine_tuning_that_stops_early_keeps_what_it_learned(body):
    channel = StopsLater(3)
    fine_tune(channel, body, setting=SETTING, steps=5000, **SHORT)
    *curve, tuned = channel.sent
    assert len(curve) == 3
    assert tuned.after >= tuned.before


@pytest.mark.slow
def test_fine_tuning_that_stops_at_once_says_that_nothing_was_learned(body):
    with pytest.raises(UsageError, match="nothing was learned yet"):
        fine_tune(Channel(STOP), body, setting=SETTING, steps=1_000_000, **SHORT)


@pytest.mark.parametrize(
    ("task", "best", "label"),
    [
        ("csr", "speed 0.50 m/s", "speed with noise (m/s)"),
        ("escape", "reward 0.5 per control step", "reward per step, with noise"),
    ],
)
def test_fine_tuning_says_how_it_does_by_the_word_of_its_task(task, best, label):
    panel = pytest.importorskip("codesign.studio.training_panel", reason="needs viser")
    words = task_words(task)
    text = panel.progress_text(Curve(steps=64, total=128, reward=0.25), [0.125, 0.5, 0.25], words)
    assert text.startswith(f"64 of 128 steps. Best so far: {best}; at first: ")
    assert words.reward_label == label
