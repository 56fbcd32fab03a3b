"""Readiness: of one socket, of several, and of descriptors besides."""

import os
import socket as system
import threading
import time

import pytest
from target import IS_OHMQ, only_ohmq, zmq


def test_poll_answers_events_or_nothing_in_time(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    start = time.monotonic()
    assert two.poll(30) == 0
    assert time.monotonic() - start >= 0.029
    assert two.poll(0) == 0
    one.send(b"x")
    assert two.poll(5000) == zmq.POLLIN
    assert two.poll(timeout=None, flags=zmq.POLLIN | zmq.POLLOUT) == zmq.POLLIN | zmq.POLLOUT
    assert two.poll(1.5, zmq.POLLOUT) == zmq.POLLOUT
    assert two.recv() == b"x"
    assert two.get(zmq.EVENTS) == zmq.POLLOUT


def test_poll_wakes_up_for_a_message(connected, in_thread):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    polling = in_thread(two.poll, 20_000)
    polling.join(0.1)
    one.send(b"x")
    assert polling.result() == zmq.POLLIN


def test_a_poller_keeps_the_order_of_registration(connected):
    pairs = [connected(zmq.PAIR, zmq.PAIR) for _ in range(3)]
    poller = zmq.Poller()
    for _, receiver in pairs:
        poller.register(receiver, zmq.POLLIN)
    assert poller.poll(0) == [] == poller.poll(10)
    for index in (2, 0):
        pairs[index][0].send(b"x")
        assert pairs[index][1].poll(5000)
    assert poller.poll(5000) == [(pairs[0][1], zmq.POLLIN), (pairs[2][1], zmq.POLLIN)]
    assert dict(poller.poll()) == {pairs[0][1]: zmq.POLLIN, pairs[2][1]: zmq.POLLIN}


def test_registering_modifying_and_unregistering(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    assert two.poll(5000, zmq.POLLOUT)
    poller = zmq.Poller()
    poller.register(two)
    assert two in poller and one not in poller
    assert poller.poll(5000) == [(two, zmq.POLLOUT)]
    poller.modify(two, zmq.POLLIN)
    assert poller.poll(0) == []
    poller.register(two, 0)
    assert two not in poller
    poller.register(two, zmq.POLLIN)
    poller.unregister(two)
    with pytest.raises(KeyError):
        poller.unregister(two)
    assert poller.sockets == []


def test_sockets_and_descriptors_together(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    reading, writing = os.pipe()
    left, right = system.socketpair()
    with left, right:
        poller = zmq.Poller()
        poller.register(two, zmq.POLLIN)
        poller.register(reading, zmq.POLLIN)
        poller.register(right, zmq.POLLIN | zmq.POLLOUT)
        assert poller.poll(0) == [(right.fileno() if right.fileno() in dict(poller.poll(0)) else right, zmq.POLLOUT)]
        poller.modify(right, zmq.POLLIN)
        assert poller.poll(10) == []
        os.write(writing, b"x")
        assert poller.poll(5000) == [(reading, zmq.POLLIN)]
        one.send(b"x")
        assert two.poll(5000)
        assert poller.poll(5000) == [(two, zmq.POLLIN), (reading, zmq.POLLIN)]
    os.close(reading)
    os.close(writing)


def test_a_poller_wakes_up_for_a_message_among_several(connected, in_thread):
    pairs = [connected(zmq.PAIR, zmq.PAIR) for _ in range(3)]
    poller = zmq.Poller()
    for _, receiver in pairs:
        poller.register(receiver, zmq.POLLIN)
    for sender, receiver in pairs:
        polling = in_thread(poller.poll, 20_000)
        polling.join(0.05)
        sender.send(b"x")
        assert polling.result() == [(receiver, zmq.POLLIN)]
        receiver.recv()


def test_two_threads_poll_the_same_sockets(context, in_thread):
    shared, other = context.socket(zmq.PULL), context.socket(zmq.PULL)
    shared.bind("inproc://shared")
    other.bind("inproc://other")
    push = context.socket(zmq.PUSH)
    push.connect("inproc://shared")
    rounds = 200
    both = threading.Barrier(3, timeout=20)

    def work():
        poller = zmq.Poller()
        for socket in (shared, other):
            poller.register(socket, zmq.POLLIN)
        for _ in range(rounds):
            while True:
                assert poller.poll(20_000), "a message is there, and nobody said so"
                try:
                    shared.recv(zmq.NOBLOCK)
                    break
                except zmq.Again:
                    pass
            # Neither goes on before the other has a message too.
            both.wait()

    workers = [in_thread(work) for _ in range(2)]
    for _ in range(rounds):
        push.send_multipart([b"one"])
        push.send_multipart([b"two"])
        both.wait()
    for worker in workers:
        worker.result()


def test_polling_ends_when_a_socket_is_closed(context, in_thread):
    for _ in range(50):
        pair = [context.socket(zmq.PULL) for _ in range(2)]
        for number, socket in enumerate(pair):
            socket.bind(f"inproc://{number}")
        poller = zmq.Poller()
        for socket in pair:
            poller.register(socket, zmq.POLLIN)
        polling = in_thread(poller.poll, 20_000)
        pair[0].close()
        with pytest.raises(zmq.ZMQError) as caught:
            polling.result()
        assert caught.value.errno == zmq.ENOTSOCK
        pair[1].close()


@only_ohmq
def test_views_of_a_socket_are_polled_each_for_its_own(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    view = zmq.Socket.shadow(two.underlying)
    assert two.poll(5000, zmq.POLLOUT)
    poller = zmq.Poller()
    poller.register(two, zmq.POLLOUT)
    poller.register(view, zmq.POLLIN)
    assert poller.poll(5000) == [(two, zmq.POLLOUT)]
    one.send(b"x")
    assert view.poll(5000)
    assert poller.poll(5000) == [(two, zmq.POLLOUT), (view, zmq.POLLIN)]


def test_select(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    assert two.poll(5000, zmq.POLLOUT)
    assert zmq.select([two], [], [], timeout=0) == ([], [], [])
    one.send(b"x")
    assert two.poll(5000)
    assert zmq.select([two], [two], [two], timeout=5) == ([two], [two], [])


def test_the_descriptor_follows_readiness(connected):
    import select

    one, two = connected(zmq.PAIR, zmq.PAIR)
    watcher = select.poll()
    watcher.register(two.fileno(), select.POLLIN)
    assert two.fileno() == two.FD == two.get(zmq.FD)
    for number in range(50):
        while two.get(zmq.EVENTS) & zmq.POLLIN:
            assert int(two.recv()) == number - 1
        one.send(b"%d" % number)
        # Edge-triggered: it may be readable without a message, but a message makes it readable.
        while not two.get(zmq.EVENTS) & zmq.POLLIN:
            assert watcher.poll(20_000)


def test_an_object_and_its_descriptor_are_both_told():
    left, right = system.socketpair()
    with left, right:
        poller = zmq.Poller()
        poller.register(right, zmq.POLLIN)
        poller.register(right.fileno(), zmq.POLLOUT)
        left.send(b"x")
        found = poller.poll(5000)
        if IS_OHMQ:
            assert found == [(right, zmq.POLLIN), (right.fileno(), zmq.POLLOUT)]


@only_ohmq
def test_waits_longer_than_the_system_knows(connected, in_thread):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    poller = zmq.Poller()
    poller.register(one, zmq.POLLIN)
    poller.register(two, zmq.POLLIN)
    polling = in_thread(poller.poll, 2**40)
    polling.join(0.05)
    one.send(b"x")
    assert polling.result() == [(two, zmq.POLLIN)]
    assert zmq.Poller().poll(1) == []


@only_ohmq
def test_only_what_can_be_polled_is_registered():
    with pytest.raises(TypeError):
        zmq.Poller().register("nonsense")
