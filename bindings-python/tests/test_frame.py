"""Frames: memory shared with the engine."""

import copy
import gc

import pytest
from target import IS_OHMQ, only_ohmq, zmq


def test_a_frame_has_bytes_a_buffer_and_a_length():
    frame = zmq.Frame(b"body")
    assert frame.bytes == bytes(frame) == b"body"
    assert frame.bytes is frame.bytes
    assert frame.buffer == b"body" and len(frame) == 4
    assert memoryview(frame).nbytes == 4
    assert zmq.Frame().bytes == b"" and len(zmq.Frame()) == 0
    assert zmq.Message is zmq.Frame or not IS_OHMQ
    with pytest.raises(TypeError):
        zmq.Frame("text")


def test_received_frames_know_whether_more_follow(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send_multipart([b"a", zmq.Frame(b"b")])
    first, second = two.recv(copy=False), two.recv(copy=False)
    assert (first.more, second.more) == (True, False)
    assert first.get(zmq.MORE) == 1 and second.get(zmq.MORE) == 0
    one.send_multipart([b"a", b"b"])
    assert [frame.more for frame in two.recv_multipart(copy=False)] == [True, False]


def test_a_view_outlives_frame_socket_and_context():
    context = zmq.Context()
    one, two = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    one.bind("inproc://view")
    two.connect("inproc://view")
    body = bytes(range(256)) * 1024
    one.send(body)
    view = two.recv(copy=False).buffer
    one.close()
    two.close()
    context.term()
    del one, two, context
    gc.collect()
    assert view == body


def test_frames_can_be_copied_and_sent_again(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send(b"x" * 100_000)
    frame = two.recv(copy=False)
    for again in (frame, copy.copy(frame)):
        two.send(again)
        assert one.recv() == b"x" * 100_000


@only_ohmq
def test_a_frame_has_no_other_properties():
    with pytest.raises(zmq.ZMQError) as caught:
        zmq.Frame(b"").get("User-Id")
    assert caught.value.errno == zmq.EINVAL


@only_ohmq
def test_large_bytes_are_sent_where_they_lie(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR, endpoint="inproc://borrowed")
    body = b"z" * (1 << 20)
    one.send(body)
    frame = two.recv(copy=False)
    del body
    gc.collect()
    assert frame.buffer[-1:] == b"z" and len(frame) == 1 << 20
