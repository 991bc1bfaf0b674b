import threading

import pytest

from lifecast.errors import PhotoError
from lifecast.web.queue import QueueFull, ReconstructionQueue


@pytest.fixture
def queue():
    queue = ReconstructionQueue(capacity=3, time_limit=30.0, keep_most=4)
    yield queue
    queue.close()


def test_work_runs_in_turn_and_each_gets_its_own_result(queue):
    order = []

    def work(number):
        def do(progress):
            order.append(number)
            return number * number

        return do

    tickets = [queue.submit(work(n)) for n in range(3)]
    assert all(t.wait(10) for t in tickets)
    assert order == [0, 1, 2]
    assert [t.result for t in tickets] == [0, 1, 4]
    assert queue.find(tickets[1].token) is tickets[1]
    assert queue.find("guess") is None


def test_places_and_the_full_queue(queue):
    gate, running = threading.Event(), threading.Event()

    def block(progress):
        running.set()
        gate.wait(10)

    first = queue.submit(block)
    assert running.wait(10)
    waiting = [queue.submit(lambda progress: None) for _ in range(3)]
    assert [queue.place(t) for t in [first, *waiting]] == [0, 1, 2, 3]
    with pytest.raises(QueueFull) as full:
        queue.submit(lambda progress: None)
    assert full.value.retry_after >= 1
    gate.set()
    assert all(t.wait(10) for t in waiting)
    assert queue.submit(lambda progress: None).wait(10)


def test_failures_cancelled_work_and_time_limits_leave_the_worker_alive(queue):
    def fail(progress):
        raise PhotoError("no person")

    failed = queue.submit(fail)
    assert failed.wait(10)
    assert failed.state == "failed"
    assert str(failed.error) == "no person"

    entered, gate = threading.Event(), threading.Event()

    def slow(progress):
        progress("features")
        entered.set()
        gate.wait(10)
        progress("surface")
        raise AssertionError("went on after it was cancelled")

    running, waiting = queue.submit(slow), queue.submit(lambda progress: progress("surface") or "ran")
    assert entered.wait(10)
    assert running.stage == "features"
    running.cancel()
    waiting.cancel()
    gate.set()
    assert running.wait(10)
    assert waiting.wait(10)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert waiting.result is None

    queue.time_limit = 0.0
    late = queue.submit(lambda progress: progress("surface"))
    assert late.wait(10)
    assert late.state == "cancelled"
    assert "time limit" in str(late.error)


def test_finished_results_are_few_and_can_be_dropped(queue):
    tickets = []
    for _ in range(8):
        ticket = queue.submit(lambda progress: bytearray(10))
        assert ticket.wait(10)
        tickets.append(ticket)
    known = [queue.find(t.token) is not None for t in tickets]
    assert known == [False] * 4 + [True] * 4
    queue.drop(tickets[-1])
    assert queue.find(tickets[-1].token) is None


def test_close_ends_the_thread():
    queue = ReconstructionQueue()
    before = threading.active_count()
    queue.close()
    assert threading.active_count() == before - 1
    with pytest.raises(QueueFull):
        queue.submit(lambda progress: None)
