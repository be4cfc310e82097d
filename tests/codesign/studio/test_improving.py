"""Evolution around a design, and fine-tuning of its network."""

from __future__ import annotations

import pytest

from codesign.errors import UsageError
from codesign.scoring import BodyScorer
from codesign.studio import jobs
from codesign.studio.finetuning import STOP, Curve, Tuned, fine_tune
from codesign.studio.improving import OFFERED, Evolution, Offer, Progress, improve
from codesign.studio.walking import Setting
from morph_ops.identity import body_hash
from morph_ops.validity import is_valid

SETTING = Setting(controller="flat-v0", best_of=1)
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


def evolved(body):
    channel = Channel()
    improve(channel, body, setting=SETTING, evolution=SMALL)
    return channel.sent


def test_an_evolution_offers_the_best_children_after_each_round(body):
    reports = evolved(body)
    offers = [report for report in reports if isinstance(report, Offer)]
    assert [offer.round for offer in offers] == [1, 2]
    for offer in offers:
        scores = [child.record.score for child in offer.children]
        assert 1 <= len(scores) <= OFFERED
        assert scores == sorted(scores, reverse=True)
    progress = [report.done for report in reports if isinstance(report, Progress)]
    assert progress == list(range(1, 13))


def test_children_are_new_valid_and_walk(body):
    offer = evolved(body)[-1]
    hashes = {body_hash(child.graph) for child in offer.children}
    assert len(hashes) == len(offer.children)
    assert body_hash(body) not in hashes
    for child in offer.children:
        assert is_valid(child.graph)
        assert child.operators
        assert child.episode.steps > 0
        expected = BodyScorer(controller="flat-v0", episodes=2)(child.graph, variant=0)
        assert child.record.returns == expected.returns


def test_an_evolution_depends_on_its_seed_alone(body):
    first, second = evolved(body)[-1], evolved(body)[-1]
    assert [body_hash(child.graph) for child in first.children] == [
        body_hash(child.graph) for child in second.children
    ]


@pytest.mark.slow
def test_fine_tuning_reports_a_curve_and_the_network(body):
    channel = Channel()
    fine_tune(channel, body, setting=SETTING, steps=12_288, workers=1, episodes=2)
    *curve, tuned = channel.sent
    assert [type(point) for point in curve] == [Curve] * len(curve)
    assert curve[-1].steps >= 12_288
    assert isinstance(tuned, Tuned)
    assert tuned.network.n_nodes == len(body)


@pytest.mark.slow
def test_fine_tuning_that_stops_early_keeps_what_it_learned(body):
    channel = Channel()

    class StopsLater(Channel):
        def waits(self):
            return len(channel.sent) == 3

        def receive(self):
            return STOP

    channel = StopsLater()
    fine_tune(channel, body, setting=SETTING, steps=30_000, workers=1, episodes=2)
    *curve, tuned = channel.sent
    assert len(curve) == 3
    assert tuned.after >= tuned.before


@pytest.mark.slow
def test_fine_tuning_that_stops_at_once_says_that_nothing_was_learned(body):
    with pytest.raises(UsageError, match="nothing was learned yet"):
        fine_tune(Channel(STOP), body, setting=SETTING, steps=1_000_000, workers=1, episodes=1)
