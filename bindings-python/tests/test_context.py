"""Contexts: life, options, defaults for sockets."""

import errno
import gc
import sys
import threading

import pytest
from target import only_ohmq, zmq


def test_a_context_closes_its_sockets_at_the_end_of_with():
    with zmq.Context() as context:
        socket = context.socket(zmq.PUSH)
        assert not socket.closed and not context.closed
    assert socket.closed and context.closed


def test_the_instance_is_shared_until_it_is_closed():
    first = zmq.Context.instance()
    assert zmq.Context.instance() is first
    first.term()
    second = zmq.Context.instance()
    assert second is not first and not second.closed
    second.term()


def test_instances_belong_to_their_class():
    class Special(zmq.Context):
        pass

    ours, theirs = Special.instance(), zmq.Context.instance()
    assert type(ours) is Special and ours is not theirs
    ours.term()
    theirs.term()


def test_term_waits_for_sockets_to_close(in_thread):
    context = zmq.Context()
    socket = context.socket(zmq.PUSH)
    ending = in_thread(context.term)
    ending.join(0.2)
    assert ending.is_alive()
    socket.close()
    ending.result()
    assert context.closed


def test_term_ends_a_blocked_receive(in_thread):
    context = zmq.Context()
    socket = context.socket(zmq.PULL)

    def receive():
        try:
            socket.recv()
        finally:
            socket.close()

    receiving = in_thread(receive)
    receiving.join(0.1)
    in_thread(context.term).result()
    with pytest.raises(zmq.ContextTerminated):
        receiving.result()


@only_ohmq
def test_shutdown_ends_calls_with_context_terminated(context, in_thread):
    socket = context.socket(zmq.PULL)
    receiving = in_thread(socket.recv)
    receiving.join(0.1)
    context.shutdown()
    with pytest.raises(zmq.ContextTerminated):
        receiving.result()
    assert socket.closed
    with pytest.raises(zmq.ContextTerminated):
        context.socket(zmq.PULL)


def test_terminating_twice_is_harmless():
    context = zmq.Context()
    context.term()
    context.term()
    context.destroy()


def test_a_closed_context_makes_no_sockets():
    context = zmq.Context()
    context.term()
    with pytest.raises(zmq.ZMQError):
        context.socket(zmq.PUSH)


def test_negative_io_threads_are_invalid():
    with pytest.raises(zmq.ZMQError) as caught:
        zmq.Context(-1)
    assert caught.value.errno == zmq.EINVAL


def test_context_options(context):
    context.set(zmq.MAX_SOCKETS, 77)
    assert context.get(zmq.MAX_SOCKETS) == 77
    assert context.max_sockets == 77
    context.MAX_SOCKETS = 78
    assert context.get(zmq.MAX_SOCKETS) == 78
    with pytest.raises(AttributeError):
        context.no_such_option = 1
    with pytest.raises(AttributeError):
        context.no_such_option  # noqa: B018


def test_socket_options_of_a_context_are_defaults():
    with zmq.Context() as context:
        context.linger = 5
        context.setsockopt(zmq.SNDHWM, 12)
        context.subscribe = b"topic"  # Does not apply to PUSH, which is no error.
        socket = context.socket(zmq.PUSH)
        assert socket.linger == 5 and socket.sndhwm == 12
        assert context.linger == 5 and context.getsockopt(zmq.SNDHWM) == 12


def test_too_many_sockets_fail_with_emfile(context):
    context.set(zmq.MAX_SOCKETS, 2)
    sockets = [context.socket(zmq.PUSH), context.socket(zmq.PUSH)]
    with pytest.raises(zmq.ZMQError) as caught:
        context.socket(zmq.PUSH)
    assert caught.value.errno == errno.EMFILE
    sockets[0].close()


def test_a_shadow_uses_the_same_context_and_does_not_end_it(context):
    shadow = zmq.Context.shadow(context.underlying)
    bound, connecting = context.socket(zmq.PAIR), shadow.socket(zmq.PAIR)
    bound.bind("inproc://shadowed")
    connecting.connect("inproc://shadowed")
    connecting.send(b"same context")
    assert bound.recv() == b"same context"
    connecting.close()
    del shadow
    gc.collect()
    assert not context.closed and not bound.closed


def test_subclasses_choose_their_sockets():
    class Sub(zmq.Socket):
        greeting = "hello"

    class Special(zmq.Context):
        _socket_class = Sub

    with Special() as context:
        special, plain = context.socket(zmq.PUSH), context.socket(zmq.PUSH, socket_class=zmq.Socket)
        assert special.greeting == "hello" and type(plain) is zmq.Socket


def test_an_unclosed_context_warns():
    context = zmq.Context()
    with pytest.warns(ResourceWarning, match="[Uu]nclosed context"):
        del context
        gc.collect()


def test_a_context_is_destroyed_while_another_thread_makes_and_closes_sockets(in_thread):
    """The other thread has its turn between any two lines of the listing; what it makes last it closes itself."""
    context = zmq.Context()
    kept = [context.socket(zmq.PUSH) for _ in range(3)]
    others = []

    def make_or_close():
        if len(others) < 4:
            others.append(context.socket(zmq.PUSH))
        else:
            close_others()

    def close_others():
        while others:
            others.pop().close()

    def between_lines(frame, event, _argument):
        if threading.current_thread() is not threading.main_thread():
            return None
        if frame.f_code.co_name in ("close", "term"):  # The listing is over.
            close_others()
            sys.settrace(None)
            return None
        if event == "line":
            in_thread(make_or_close).result()
        return between_lines

    before = sys.gettrace()
    sys.settrace(between_lines)
    try:
        context.destroy()
    finally:
        sys.settrace(before)
    assert context.closed and all(socket.closed for socket in kept)


def test_a_default_of_the_wrong_type_is_an_error_of_the_socket(context):
    context.identity = "text"
    with pytest.raises(TypeError):
        context.socket(zmq.DEALER)


def test_contexts_and_sockets_from_many_threads():
    def work():
        for _ in range(20):
            with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
                socket.bind("tcp://127.0.0.1:*")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
