"""Waiting calls: signals, Ctrl-C, threads, timeouts."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import pytest
from target import NAME, only_ohmq, zmq


#: What a call may take that a signal ends: the signal alone ends it, but a busy machine may be slow to let it go.
SOON_SECONDS = 20


class Interrupted(Exception):
    pass


def raise_interrupted(_number, _frame):
    raise Interrupted


@pytest.fixture
def interrupt_soon():
    """Sends this process a signal whose handler raises, once the main thread has had time to block."""
    before = signal.signal(signal.SIGUSR1, raise_interrupted)
    sent = []

    def start():
        timer = threading.Timer(0.2, lambda: (sent.append(time.monotonic()), os.kill(os.getpid(), signal.SIGUSR1)))
        timer.start()

    start.sent = sent
    yield start
    signal.signal(signal.SIGUSR1, before)


def calls(context):
    pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.bind("inproc://blocking")
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    two = zmq.Poller()
    two.register(pull, zmq.POLLIN)
    two.register(push, zmq.POLLOUT)
    return {
        "recv": pull.recv,
        "recv_multipart": pull.recv_multipart,
        "send": lambda: push.send(b"nobody is there"),
        "poll": pull.poll,
        "poller": poller.poll,
        "poller of two": two.poll,
    }


@pytest.mark.parametrize("name", ["recv", "recv_multipart", "send", "poll", "poller", "poller of two"])
def test_a_signal_handlers_exception_ends_the_call(context, interrupt_soon, name):
    call = calls(context)[name]
    with pytest.raises(Interrupted):
        interrupt_soon()
        call()
    took = time.monotonic() - interrupt_soon.sent[0]
    print(f"{took * 1000:.1f} ms")
    assert took < SOON_SECONDS


@only_ohmq
def test_a_signal_ends_term(interrupt_soon):
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    with pytest.raises(Interrupted):
        interrupt_soon()
        context.term()
    assert time.monotonic() - interrupt_soon.sent[0] < SOON_SECONDS
    socket.close()
    context.term()
    assert context.closed


def test_a_handler_that_returns_lets_the_call_go_on(connected, in_thread):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    handled = []
    before = signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))

    def disturb():
        for _ in range(5):
            time.sleep(0.03)
            os.kill(os.getpid(), signal.SIGUSR1)
        one.send(b"after all")

    disturbing = in_thread(disturb)
    assert two.recv() == b"after all"
    two.rcvtimeo = 100
    start = time.monotonic()
    with pytest.raises(zmq.Again):
        two.recv()
    assert 0.09 < time.monotonic() - start < 5
    disturbing.result()
    signal.signal(signal.SIGUSR1, before)
    assert handled


def test_ctrl_c_ends_a_program(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(f"""
            import signal
            import {NAME} as zmq
            # Who runs the tests in the background may have their children ignore it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            context = zmq.Context()
            socket = context.socket(zmq.PULL)
            socket.bind("tcp://127.0.0.1:*")
            try:
                print("blocking", flush=True)
                socket.recv()
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            socket.close()
            context.term()
        """)
    )
    running = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "blocking\n"
    running.send_signal(signal.SIGINT)
    assert running.stdout.readline() == "interrupted\n"
    assert running.wait(20) == 0
    running.stdout.close()


def test_other_threads_run_while_one_waits(connected, in_thread):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    waiting = in_thread(lambda: two.recv())
    # Only this thread can end the other one's wait: it must get as far as that.
    rounds = 0
    for _ in range(100_000):
        rounds += 1
    assert waiting.is_alive() and rounds == 100_000
    one.send(b"now")
    assert waiting.result() == b"now"


@only_ohmq
def test_one_socket_from_many_threads(context, in_thread):
    """Four threads send and four receive on one pair of sockets: nothing is lost, doubled or torn apart."""
    count, threads = 2000, 4
    push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    pull.bind("tcp://127.0.0.1:*")
    push.connect(pull.last_endpoint.decode())

    def send(start):
        for number in range(start, start + count):
            push.send_multipart([b"%d" % number, b"x" * (number % 100), b"%d" % number])

    def receive():
        found = []
        for _ in range(count):
            first, body, last = pull.recv_multipart()
            assert first == last and len(body) == int(first) % 100
            found.append(int(first))
        return found

    receiving = [in_thread(receive) for _ in range(threads)]
    sending = [in_thread(send, index * count) for index in range(threads)]
    for thread in sending:
        thread.result(40)
    numbers = [number for thread in receiving for number in thread.result(40)]
    assert sorted(numbers) == list(range(count * threads))


@only_ohmq
def test_closing_and_collecting_in_cycles_from_many_threads(in_thread):
    """Finalisers only post: sockets and contexts in reference cycles, collected anywhere, end cleanly."""
    class Cyclic(zmq.Context):
        own = None
        made = None

    def work():
        for _ in range(50):
            context = Cyclic()
            context.own = context
            context.made = [context.socket(zmq.PUSH) for _ in range(3)]
            gc.collect()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for thread in [in_thread(work) for _ in range(4)]:
            thread.result(50)
        gc.collect()
