"""Ctrl-C that waits."""

from __future__ import annotations

import signal
import threading

import pytest

from codesign.interrupts import deferred_interrupts


def test_an_interrupt_waits_for_the_end_of_the_block():
    done = []

    def work():
        with deferred_interrupts():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        work()
    assert done == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_block_runs_in_another_thread():
    done = []

    def work():
        with deferred_interrupts():
            done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
