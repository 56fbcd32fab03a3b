"""Sockets: life, endpoints, options, single parts and whole messages."""

import array
import copy
import errno
import gc
import json

import pytest
from target import IS_OHMQ, only_ohmq, zmq

SIZES = [0, 1, 55, 56, 62, 63, 255, 256, 8192, 65535, 65536, 1 << 20]


def errno_of(call, *arguments):
    with pytest.raises(zmq.ZMQError) as caught:
        call(*arguments)
    return caught.value.errno


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:*", "ipc://*", "inproc://sizes"])
@pytest.mark.parametrize("copied", [True, False])
def test_every_size_arrives_whole(connected, endpoint, copied):
    one, two = connected(zmq.PAIR, zmq.PAIR, endpoint=endpoint)
    for size in SIZES:
        body = bytes(i % 251 for i in range(size))
        one.send(body, copy=copied)
        assert bytes(two.recv(copy=copied)) == body


def test_parts_one_by_one_and_as_a_whole(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send(b"a", zmq.SNDMORE)
    one.send(b"", zmq.SNDMORE)
    one.send(b"c")
    assert two.recv() == b"a" and two.getsockopt(zmq.RCVMORE) and two.rcvmore
    assert two.recv() == b"" and two.get(zmq.RCVMORE)
    assert two.recv() == b"c" and not two.get(zmq.RCVMORE)
    one.send_multipart([b"x", b"y", b"z"])
    assert two.recv() == b"x"
    assert two.recv_multipart() == [b"y", b"z"]
    one.send_multipart([b"1", b"2"], zmq.SNDMORE)
    one.send_multipart((b"3",))
    assert two.recv_multipart() == [b"1", b"2", b"3"]


def test_a_message_under_way_keeps_the_socket_readable(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send_multipart([b"a", b"b"])
    assert two.recv() == b"a"
    assert two.poll(0) == zmq.POLLIN
    assert two.get(zmq.EVENTS) & zmq.POLLIN
    poller = zmq.Poller()
    poller.register(two, zmq.POLLIN)
    assert poller.poll(0) == [(two, zmq.POLLIN)]
    assert two.recv() == b"b"
    assert two.poll(0) == 0


def test_anything_with_a_buffer_can_be_sent(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    numbers = array.array("i", [1, 2, 3])
    for data in (b"bytes", bytearray(b"array"), memoryview(b"view"), numbers, zmq.Frame(b"frame")):
        one.send(data)
        assert two.recv() == (data.bytes if isinstance(data, zmq.Frame) else bytes(memoryview(data).cast("B")))


def test_a_bytearray_may_change_after_send(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    data = bytearray(b"x" * 100_000)
    one.send(data)
    data[:] = b"y" * 100_000
    assert two.recv() == b"x" * 100_000


def test_what_cannot_be_sent_is_a_type_error_and_nothing_is_sent(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    for wrong in ("text", 5, None, object()):
        with pytest.raises(TypeError):
            one.send(wrong)
        with pytest.raises(TypeError):
            one.send_multipart([b"good", wrong])
    one.send(b"end")
    assert two.recv_multipart() == [b"end"]


def test_json_is_the_bytes_of_json_dumps(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    for value in ("\udcff", {"a": [1, "ü"]}):
        one.send_json(value)
        assert two.recv() == json.dumps(value).encode()
    one.send_json([1, "ü"], separators=(",", ":"), ensure_ascii=False)
    assert two.recv() == '[1,"ü"]'.encode()


def test_socket_type_is_the_older_name_of_type(context):
    with pytest.warns(DeprecationWarning):
        assert context.socket(zmq.PULL).socket_type == zmq.PULL


@only_ohmq
def test_a_batch_with_an_empty_message_is_refused_as_a_whole(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    for empty in ([], (), iter([])):
        with pytest.raises(ValueError, match="at least one part"):
            one.send_many([b"before", empty])
    one.send(b"after")
    assert two.recv_multipart() == [b"after"]


@only_ohmq
def test_a_released_view_says_what_is_wrong_with_it(context):
    view = memoryview(bytearray(1))
    view.release()
    with pytest.raises(ValueError, match="released"):
        context.socket(zmq.PAIR).send(view, zmq.NOBLOCK)


@only_ohmq
def test_again_says_of_what_kind_the_socket_is(context):
    socket = context.socket(zmq.PAIR)
    for call in (socket.recv, lambda flags: socket.send(b"", flags)):
        with pytest.raises(zmq.Again, match="PAIR") as caught:
            call(zmq.NOBLOCK)
        assert caught.value.subject == "PAIR"


def test_strings_json_and_serialized(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    one.send_string("grüße", encoding="latin-1")
    assert two.recv_string(encoding="latin-1") == "grüße"
    one.send_json({"a": [1, "ü", None]})
    assert two.recv_json() == {"a": [1, "ü", None]}
    one.send_serialized({"k": 1}, lambda value: [b"head", json.dumps(value).encode()])
    assert two.recv_serialized(lambda parts: (parts[0], json.loads(parts[1]))) == (b"head", {"k": 1})
    with pytest.raises(TypeError):
        one.send_string(b"bytes")


def test_there_are_no_helpers_that_unpickle():
    if IS_OHMQ:
        assert not [name for name in dir(zmq.Socket) if "pyobj" in name]


def test_recv_into_reports_the_whole_size(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    buffer = bytearray(8)
    one.send(b"short")
    assert two.recv_into(buffer) == 5
    assert buffer == b"short\0\0\0"
    one.send(b"longer than the buffer")
    assert two.recv_into(buffer, nbytes=4) == 22
    assert buffer[:4] == b"long"
    with pytest.raises(BufferError):
        two.recv_into(b"read-only")


def test_dontwait_and_timeouts_raise_again(connected):
    _, two = connected(zmq.PAIR, zmq.PAIR)
    with pytest.raises(zmq.Again) as caught:
        two.recv(zmq.NOBLOCK)
    assert caught.value.errno == zmq.EAGAIN and isinstance(caught.value, zmq.ZMQError)
    two.rcvtimeo = 20
    with pytest.raises(zmq.Again):
        two.recv()
    with pytest.raises(zmq.Again):
        two.recv_multipart(flags=zmq.DONTWAIT)


def test_send_times_out_at_the_high_water_mark(context):
    socket = context.socket(zmq.PUSH)
    socket.sndtimeo = 20
    with pytest.raises(zmq.Again):
        socket.send(b"nobody")
    with pytest.raises(zmq.Again):
        socket.send(b"nobody", zmq.NOBLOCK)


def test_a_closed_socket(context):
    socket = context.socket(zmq.PUSH)
    assert not socket.closed
    socket.close()
    socket.close(linger=0)
    assert socket.closed
    for call in (socket.recv, lambda: socket.send(b""), lambda: socket.bind("tcp://127.0.0.1:*")):
        assert errno_of(call) == zmq.ENOTSOCK
    assert errno_of(socket.set, zmq.LINGER, 0) == zmq.ENOTSOCK


def test_closing_ends_a_blocked_receive_elsewhere(context, in_thread):
    if not IS_OHMQ:
        pytest.skip("libzmq's sockets belong to one thread")
    socket = context.socket(zmq.PULL)
    receiving = in_thread(socket.recv)
    receiving.join(0.1)
    socket.close()
    with pytest.raises(zmq.ZMQError) as caught:
        receiving.result()
    assert caught.value.errno == zmq.ENOTSOCK


def test_with_closes(context):
    with context.socket(zmq.PUSH) as socket:
        pass
    assert socket.closed


def test_bind_and_connect_undo_themselves_in_with(context):
    server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    with server.bind("tcp://127.0.0.1:*") as bound:
        assert bound is server
        endpoint = server.last_endpoint.decode()
        with client.connect(endpoint):
            client.send(b"in with")
            assert server.recv() == b"in with"
        assert errno_of(client.disconnect, endpoint) == errno.ENOENT
    assert errno_of(server.unbind, endpoint) == errno.ENOENT


def test_random_ports(context):
    socket = context.socket(zmq.PULL)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    assert 1024 <= port < 65536
    assert socket.last_endpoint == f"tcp://127.0.0.1:{port}".encode()
    other = context.socket(zmq.PULL)
    chosen = other.bind_to_random_port("tcp://127.0.0.1", min_port=50000, max_port=60000)
    assert 50000 <= chosen < 60000
    third = context.socket(zmq.PULL)
    with pytest.raises(zmq.ZMQBindError):
        third.bind_to_random_port("tcp://127.0.0.1", min_port=port, max_port=port + 1, max_tries=3)


def test_errors_name_what_was_wrong(context):
    socket = context.socket(zmq.REQ)
    for endpoint, number in (("foo://x", zmq.EPROTONOSUPPORT), ("tcp://", zmq.EINVAL), ("nonsense", zmq.EINVAL)):
        with pytest.raises(zmq.ZMQError) as caught:
            socket.bind(endpoint)
        assert caught.value.errno == number
        assert endpoint in str(caught.value)
    with pytest.raises(TypeError):
        socket.bind(5)


def test_options_by_number_and_by_attribute_in_any_case(context):
    socket = context.socket(zmq.ROUTER)
    socket.set(zmq.LINGER, 10)
    assert socket.get(zmq.LINGER) == socket.getsockopt(zmq.LINGER) == socket.linger == socket.LINGER == 10
    socket.LINGER = 20
    assert socket.linger == 20
    socket.setsockopt(zmq.SNDHWM, 5)
    assert socket.sndhwm == 5
    socket.hwm = 9
    assert (socket.sndhwm, socket.rcvhwm, socket.hwm) == (9, 9, 9)
    socket.routing_id = b"name"
    assert socket.routing_id == socket.IDENTITY == socket.get(zmq.IDENTITY) == b"name"
    socket.set_string(zmq.ROUTING_ID, "näme")
    assert socket.get_string(zmq.ROUTING_ID) == "näme"
    assert socket.type == zmq.ROUTER and socket.get(zmq.TYPE) == zmq.ROUTER
    assert "LINGER" in dir(socket) and "linger" in dir(zmq.Socket if IS_OHMQ else socket) or not IS_OHMQ
    socket.maxmsgsize = 1 << 40
    assert socket.maxmsgsize == 1 << 40


def test_wrong_options(context):
    socket = context.socket(zmq.REQ)
    assert errno_of(socket.set, 4242, 1) == zmq.EINVAL
    assert errno_of(socket.get, 4242) == zmq.EINVAL
    assert errno_of(socket.set, zmq.SNDHWM, -1) == zmq.EINVAL
    assert errno_of(socket.set, zmq.SUBSCRIBE, b"on REQ") == zmq.EINVAL
    with pytest.raises(AttributeError):
        socket.no_such_option = 1
    with pytest.raises(AttributeError):
        socket.no_such_option  # noqa: B018
    for option, value in ((zmq.LINGER, "10"), (zmq.LINGER, 1.5), (zmq.LINGER, b"10"), (zmq.ROUTING_ID, "text")):
        with pytest.raises(TypeError):
            socket.set(option, value)


@only_ohmq
def test_a_wrong_type_is_einval_too_and_names_the_option(context):
    socket = context.socket(zmq.REQ)
    with pytest.raises(zmq.ZMQError, match="(?i)sndhwm") as caught:
        socket.set(zmq.SNDHWM, b"ten")
    assert caught.value.errno == zmq.EINVAL


@only_ohmq
def test_an_option_without_implementation_says_so(context):
    socket = context.socket(zmq.REQ)
    with pytest.raises(zmq.ZMQError, match="(?i)curve_server") as caught:
        socket.curve_server = 1
    assert caught.value.errno == zmq.ENOTSUP
    with pytest.raises(zmq.ZMQError, match="(?i)plain_username") as caught:
        socket.get(zmq.PLAIN_USERNAME)
    assert caught.value.errno == zmq.ENOTSUP


def test_an_unknown_socket_type_is_invalid(context):
    assert errno_of(context.socket, 99) == zmq.EINVAL


def test_states_and_directions(connected):
    server, client = connected(zmq.REP, zmq.REQ)
    assert errno_of(client.recv) == zmq.EFSM
    client.send(b"1")
    assert errno_of(client.send, b"2") == zmq.EFSM
    assert server.recv() == b"1"
    assert errno_of(server.recv) == zmq.EFSM
    pull, push = connected(zmq.PULL, zmq.PUSH)
    assert errno_of(pull.send, b"") == zmq.ENOTSUP
    assert errno_of(push.recv) == zmq.ENOTSUP


def test_router_mandatory(context):
    router = context.socket(zmq.ROUTER)
    router.router_mandatory = 1
    router.bind("tcp://127.0.0.1:*")
    assert errno_of(router.send_multipart, [b"nobody", b"x"]) == zmq.EHOSTUNREACH


def test_a_failed_last_part_drops_the_parts_before(context):
    if not IS_OHMQ:
        pytest.skip("libzmq refuses the first part already")
    push = context.socket(zmq.PUSH)
    push.send(b"head", zmq.SNDMORE)
    with pytest.raises(zmq.Again):
        push.send(b"body", zmq.NOBLOCK)
    pull = context.socket(zmq.PULL)
    pull.bind("inproc://later")
    push.connect("inproc://later")
    push.send(b"whole")
    assert pull.recv_multipart() == [b"whole"]


def test_shadows_are_views_of_one_socket(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    view, copied = zmq.Socket.shadow(one.underlying), copy.copy(one)
    view.send(b"through the shadow")
    assert two.recv() == b"through the shadow"
    copied.send(b"through the copy")
    assert two.recv() == b"through the copy"
    del view, copied
    gc.collect()
    one.send(b"still open")
    assert two.recv() == b"still open"


def test_an_unclosed_socket_warns_and_is_closed():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    with pytest.warns(ResourceWarning, match="[Uu]nclosed socket"):
        del socket
        gc.collect()
    context.term()  # Would wait for a socket that is still open.


def test_subclasses_with_their_own_constructor(context):
    class Named(zmq.Socket):
        name = ""

        def __init__(self, context, socket_type, name="none"):
            self.name = name
            super().__init__(context, socket_type)

    socket = context.socket(zmq.PUSH, socket_class=Named, name="mine") if IS_OHMQ else Named(context, zmq.PUSH, "mine")
    assert socket.name == "mine" and socket.type == zmq.PUSH
    half = Named.__new__(Named)
    assert half.closed
    del half
    gc.collect()


def test_trackers_are_done_at_once(connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    tracker = one.send(b"x", copy=False, track=True)
    assert two.recv(copy=False).bytes == b"x"
    tracker.wait(timeout=5)
    assert tracker.done
    assert one.send(b"y") is None
    two.recv()


@only_ohmq
def test_batches(connected):
    push, pull = connected(zmq.PUSH, zmq.PULL)
    assert push.send_many([b"single", [b"two", b"parts"], (b"tuple",)] + [b"n"] * 97) == 100
    received = []
    while len(received) < 100:
        batch = pull.recv_many(30)
        assert 1 <= len(batch) <= 30
        received += batch
    assert received == [[b"single"], [b"two", b"parts"], [b"tuple"]] + [[b"n"]] * 97
    with pytest.raises(zmq.Again):
        pull.recv_many(flags=zmq.NOBLOCK)
    with pytest.raises(TypeError):
        push.send_many([b"good", "bad"])
    with pytest.raises(zmq.Again):
        pull.recv(zmq.NOBLOCK)


@only_ohmq
def test_a_batch_into_a_full_socket_says_how_many_went(context):
    push = context.socket(zmq.PUSH)
    push.sndhwm = 10
    push.connect("ipc:///tmp/ohmq-nobody-listens-here")
    sent = push.send_many([b"x"] * 50, zmq.NOBLOCK)
    assert 0 < sent < 50
    with pytest.raises(zmq.Again):
        push.send_many([b"x"], zmq.NOBLOCK)
    push.sndtimeo = 20
    with pytest.raises(zmq.Again):
        push.send_many([b"x"] * 5)


@only_ohmq
def test_statistics_balance(connected):
    push, pull = connected(zmq.PUSH, zmq.PULL)
    push.send_many([b"m"] * 50)
    for _ in range(50):
        pull.recv()
    sent, received = push.stats(), pull.stats()
    assert sent["sent_accepted"] == 50
    assert received["recv_accepted"] == received["recv_delivered"] == 50
    for stats, way in ((sent, "sent"), (received, "recv")):
        dropped = sum(value for name, value in stats.items() if name.startswith(f"{way}_dropped"))
        assert stats[f"{way}_accepted"] == stats[f"{way}_delivered"] + stats[f"{way}_queued"] + dropped


def test_repr_says_the_type(context):
    socket = context.socket(zmq.DEALER)
    assert "DEALER" in repr(socket)
    socket.close()
    assert "closed" in repr(socket) or not IS_OHMQ
