import threading
import weakref

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
    queue.cancel(waiting)
    assert waiting.wait(0)  # its place is free at once
    queue.cancel(running)
    gate.set()
    assert running.wait(10)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    assert waiting.result is None

    queue.time_limit = 0.0
    late = queue.submit(lambda progress: progress("surface"))
    assert late.wait(10)
    assert late.state == "cancelled"
    assert "time limit" in str(late.error)


def test_what_the_work_needed_is_let_go_of_once_however_it_ends(queue):
    released, entered, gate = [], threading.Event(), threading.Event()

    def submit(name, work):
        return queue.submit(work, release=lambda: released.append(name))

    def fail(progress):
        raise PhotoError("no person")

    assert submit("done", lambda progress: 1).wait(10)
    assert submit("failed", fail).wait(10)
    submit("running", lambda progress: entered.set() or gate.wait(10))
    assert entered.wait(10)
    waiting = submit("cancelled", lambda progress: 1)
    last = [submit(f"waiting {n}", lambda progress: 1) for n in range(2)]
    with pytest.raises(QueueFull):
        submit("refused", lambda progress: 1)
    queue.cancel(waiting)
    queue.cancel(waiting)
    gate.set()
    assert all(t.wait(10) for t in last)
    assert released == ["done", "failed", "refused", "cancelled", "running", "waiting 0", "waiting 1"]


def test_a_kept_failure_keeps_nothing_of_the_work(queue):
    class Tensor:
        pass

    gone = []

    def fail(progress):
        tensor = Tensor()
        weakref.finalize(tensor, gone.append, True)
        try:
            raise ValueError(id(tensor))
        except ValueError as error:
            raise PhotoError("no person") from error

    ticket = queue.submit(fail)
    assert ticket.wait(10)
    assert queue.find(ticket.token) is ticket
    assert gone


def test_nobody_who_left_takes_a_place_among_the_results(queue):
    kept = queue.submit(lambda progress: 1)
    assert kept.wait(10)
    for _ in range(8):
        entered, gate = threading.Event(), threading.Event()
        left = queue.submit(lambda progress, entered=entered, gate=gate: entered.set() or gate.wait(10))
        assert entered.wait(10)
        queue.cancel(left)
        gate.set()
        assert left.wait(10)
        assert queue.find(left.token) is None
    assert queue.find(kept.token) is kept


def test_results_go_after_their_time_also_where_nobody_asks():
    queue = ReconstructionQueue(keep=0.05)
    gone = threading.Event()

    class Model:
        pass

    def work(progress):
        model = Model()
        weakref.finalize(model, gone.set)
        return model

    queue.submit(work)
    assert gone.wait(10)
    queue.close()


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
