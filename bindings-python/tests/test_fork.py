"""A forked child sees what it inherited as closed, and can begin anew."""

import itertools
import multiprocessing
import os
import select
import signal
import threading

import pytest
from target import only_ohmq, zmq


def in_child(check):
    """Runs `check` in a forked child and fails with its exception's text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            check()
            os.write(writing, b"ok")
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as report:
        ready, _, _ = select.select([report], [], [], 30)
        if not ready:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert report.read().decode() == "ok"


def test_the_instance_is_made_anew():
    parents = zmq.Context.instance()

    def check():
        childs = zmq.Context.instance()
        assert childs is not parents
        one, two = childs.socket(zmq.PAIR), childs.socket(zmq.PAIR)
        one.bind("tcp://127.0.0.1:*")
        two.connect(one.last_endpoint.decode())
        two.send(b"in the child")
        assert one.recv() == b"in the child"
        childs.destroy(linger=0)

    in_child(check)
    assert zmq.Context.instance() is parents and not parents.closed
    parents.term()


@only_ohmq
def test_inherited_sockets_are_closed_and_the_parents_live_on(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send(b"before")
    context = one.context

    def check():
        assert one.closed and context.closed
        for call in (lambda: one.send(b"from the child"), two.recv, one.poll, lambda: one.set(zmq.LINGER, 0)):
            with pytest.raises(zmq.ZMQError) as caught:
                call()
            assert caught.value.errno == zmq.ENOTSOCK
        one.close()
        context.term()
        context.destroy()

    in_child(check)
    one.send(b"after")
    assert [two.recv(), two.recv()] == [b"before", b"after"]


def produce(endpoint, count):
    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.connect(endpoint)
        for number in range(count):
            push.send(b"%d" % number)


@only_ohmq
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(context, method):
    pull = context.socket(zmq.PULL)
    pull.bind("tcp://127.0.0.1:*")
    processes = multiprocessing.get_context(method)
    producer = processes.Process(target=produce, args=(pull.last_endpoint.decode(), 100))
    producer.start()
    assert [int(pull.recv()) for _ in range(100)] == list(range(100))
    producer.join(20)
    assert producer.exitcode == 0


@only_ohmq
def test_forks_beside_busy_threads(tmp_path):
    """Threads that hold any lock at the moment of a fork hold it for ever in the child."""
    over = threading.Event()

    def be_busy(number):
        with zmq.Context() as context:
            for turn in itertools.count():
                if over.is_set():
                    return
                with context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as two:
                    one.bind(f"ipc://{tmp_path}/{number}-{turn % 8}")
                    two.connect(one.last_endpoint.decode())
                    two.send(b"x")
                    one.recv()

    def check():
        with zmq.Context() as context, context.socket(zmq.PAIR) as one, context.socket(zmq.PAIR) as two:
            one.bind(f"ipc://{tmp_path}/child-{os.getpid()}")
            two.connect(one.last_endpoint.decode())
            two.send(b"in the child")
            assert one.recv() == b"in the child"

    threads = [threading.Thread(target=be_busy, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            in_child(check)
    finally:
        over.set()
        for thread in threads:
            thread.join()
