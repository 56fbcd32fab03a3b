"""What the tests share: a time limit, and contexts that end with their test."""

import signal
import threading

import pytest
from target import zmq, zmq_asyncio

LIMIT_SECONDS = 60


@pytest.fixture(autouse=True)
def time_limit():
    """A hanging test fails rather than hangs."""

    def expire(_signal, _frame):
        raise TimeoutError(f"the test took longer than {LIMIT_SECONDS} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(LIMIT_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def keeping(base):
    """A context class that keeps its sockets until it is destroyed, so that tests need not close each."""

    class Keeping(base):
        kept = None

        def socket(self, *arguments, **options):
            made = super().socket(*arguments, **options)
            self.kept = [*(self.kept or ()), made]
            return made

    return Keeping


@pytest.fixture
def context():
    made = keeping(zmq.Context)()
    made.linger = 0
    yield made
    made.destroy(linger=0)


@pytest.fixture
def async_context():
    made = keeping(zmq_asyncio.Context)()
    made.linger = 0
    yield made
    made.destroy(linger=0)


@pytest.fixture
def connected(context):
    """Makes two sockets, the first bound and the second connected to it."""
    return lambda first, second, **options: connect_pair(context, first, second, **options)


@pytest.fixture
def async_connected(async_context):
    return lambda first, second, **options: connect_pair(async_context, first, second, **options)


@pytest.fixture
def in_thread():
    """Runs a call in a thread; the answer's `result()` gives what it returned or raises what it raised."""
    started = []

    def start(call, *arguments):
        running = Running(call, arguments)
        started.append(running)
        running.start()
        return running

    yield start
    for running in started:
        running.join(10)
        assert not running.is_alive(), "a thread of the test is still running"


class Running(threading.Thread):
    def __init__(self, call, arguments):
        super().__init__(daemon=True)
        self.call, self.arguments = call, arguments
        self.value = self.error = None

    def run(self):
        try:
            self.value = self.call(*self.arguments)
        except BaseException as error:
            self.error = error

    def result(self, seconds=20):
        self.join(seconds)
        assert not self.is_alive(), "the call did not end"
        if self.error is not None:
            raise self.error
        return self.value


def connect_pair(context, first, second, endpoint="tcp://127.0.0.1:*", **options):
    bound, connecting = context.socket(first), context.socket(second)
    for socket in (bound, connecting):
        for name, value in options.items():
            setattr(socket, name, value)
    bound.bind(endpoint)
    connecting.connect(bound.get(zmq.LAST_ENDPOINT).decode())
    return bound, connecting
