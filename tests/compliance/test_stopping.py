"""Who is told to end knows it: by a signal, and in processes that were forked before (LAW PIP-16)."""

import os
import signal

import pytest

from compliance import stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_and_does_not_end(number: signal.Signals) -> None:
    with stopping.heeding_signals():
        assert not stopping.asked()
        signal.raise_signal(number)
        assert stopping.asked()


def test_afterwards_everything_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopping.heeding_signals():
        stopping.ask()
    assert (stopping.asked(), signal.getsignal(signal.SIGTERM)) == (False, before)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_was_forked_before_knows_it_too() -> None:
    reading, writing = os.pipe()
    with stopping.heeding_signals():
        child = os.fork()
        if not child:
            os.read(reading, 1)
            os._exit(7 if stopping.asked() else 0)
        stopping.ask()
        os.write(writing, b"x")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    os.close(reading)
    os.close(writing)
