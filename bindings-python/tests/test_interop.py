"""Against the real libzmq, through pyzmq, in both roles, for every pattern."""

import pytest
from conftest import keeping
from target import only_ohmq, zmq

libzmq = pytest.importorskip("zmq", reason="pyzmq is the reference peer")
pytestmark = only_ohmq

SIZES = [0, 1, 255, 256, 8192, 65536, 1 << 20]


@pytest.fixture
def libzmq_context():
    made = keeping(libzmq.Context)()
    yield made
    for socket in made.kept or ():
        socket.close(linger=0)
    made.term()


@pytest.fixture(params=["ohmq binds", "libzmq binds"])
def peers(request, context, libzmq_context):
    """Makes a pair of sockets, the first ours and the second libzmq's, over tcp or ipc."""

    def make(ours, theirs, endpoint="tcp://127.0.0.1:*", **options):
        mine, other = context.socket(ours), libzmq_context.socket(theirs)
        for name, value in options.items():
            setattr(mine, name, value)
            setattr(other, name, value)
        other.linger, other.rcvtimeo, mine.rcvtimeo = 0, 20_000, 20_000
        binding, connecting = (mine, other) if request.param == "ohmq binds" else (other, mine)
        binding.bind(endpoint)
        connecting.connect(binding.last_endpoint.decode().rstrip("\0"))
        return mine, other

    return make


def body(size):
    return bytes(index % 251 for index in range(size))


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:*", "ipc://*"])
@pytest.mark.parametrize("ours", ["REQ", "REP"])
def test_request_and_reply(peers, ours, endpoint):
    types = (zmq.REQ, zmq.REP) if ours == "REQ" else (zmq.REP, zmq.REQ)
    mine, other = peers(*types, endpoint=endpoint)
    client, server = (mine, other) if ours == "REQ" else (other, mine)
    for size in SIZES:
        parts = [body(size), b"", body(7)]
        client.send_multipart(parts)
        assert server.recv_multipart() == parts
        server.send_multipart(parts[::-1])
        assert client.recv_multipart() == parts[::-1]


@pytest.mark.parametrize("ours", ["ROUTER", "DEALER"])
def test_dealer_and_router(peers, ours):
    types = (zmq.ROUTER, zmq.DEALER) if ours == "ROUTER" else (zmq.DEALER, zmq.ROUTER)
    mine, other = peers(*types, routing_id=b"name")
    router, dealer = (mine, other) if ours == "ROUTER" else (other, mine)
    for size in SIZES:
        dealer.send_multipart([b"", body(size)])
        assert router.recv_multipart() == [b"name", b"", body(size)]
        router.send_multipart([b"name", body(size)])
        assert dealer.recv() == body(size)


@pytest.mark.parametrize("pair", [("XPUB", "SUB"), ("XPUB", "XSUB"), ("SUB", "XPUB"), ("XSUB", "XPUB")])
def test_publish_and_subscribe(peers, pair):
    mine, other = peers(getattr(zmq, pair[0]), getattr(zmq, pair[1]))
    publisher, subscriber = (mine, other) if pair[0] == "XPUB" else (other, mine)

    def subscribe(flag, topic):
        if "XSUB" in pair:
            subscriber.send(flag + topic)
        else:
            (subscriber.subscribe if flag == b"\1" else subscriber.unsubscribe)(topic)
        # A bound libzmq socket takes notice of a new peer only inside a call of its own.
        while not publisher.poll(10):
            subscriber.poll(0)
        assert publisher.recv() == flag + topic

    subscribe(b"\1", b"a")
    subscribe(b"\1", b"a\0b")
    for topic in (b"a1", b"b", b"a\0b1", b""):
        publisher.send_multipart([topic, b"body"])
    assert subscriber.recv_multipart() == [b"a1", b"body"]
    assert subscriber.recv_multipart() == [b"a\0b1", b"body"]
    subscribe(b"\0", b"a")
    publisher.send(b"a2")
    publisher.send(b"a\0b2")
    assert subscriber.recv() == b"a\0b2"


@pytest.mark.parametrize("ours", ["PUSH", "PULL"])
def test_push_and_pull(peers, ours):
    types = (zmq.PUSH, zmq.PULL) if ours == "PUSH" else (zmq.PULL, zmq.PUSH)
    mine, other = peers(*types)
    push, pull = (mine, other) if ours == "PUSH" else (other, mine)
    received = []
    for number in range(5000):
        push.send(b"%d" % number)
        if number % 500 == 499:
            received += [int(pull.recv()) for _ in range(500)]
    assert received == list(range(5000))


def test_pair(peers):
    mine, other = peers(zmq.PAIR, zmq.PAIR)
    for size in SIZES:
        mine.send(body(size))
        assert other.recv() == body(size)
        other.send_multipart([body(size), b"more"])
        assert mine.recv_multipart() == [body(size), b"more"]


def test_heartbeats_keep_an_idle_connection(peers):
    mine, other = peers(zmq.PAIR, zmq.PAIR, heartbeat_ivl=20, heartbeat_timeout=1000)
    mine.send(b"before")
    assert other.recv() == b"before"
    # Longer than the timeout, which is longer than a busy machine keeps a thread from running.
    assert other.poll(1500) == 0
    other.send(b"after")
    assert mine.recv() == b"after"
    assert mine.stats()["connections_lost"] == 0


def test_the_numbers_are_pyzmqs():
    """Every constant that pyzmq has and we have is the same number."""
    ours = {name: value for name, value in vars(zmq).items() if name.isupper() and isinstance(value, int)}
    theirs = {name: value for name, value in vars(libzmq).items() if name.isupper() and isinstance(value, int)}
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 240
    different = {name: (ours[name], theirs[name]) for name in shared if int(ours[name]) != int(theirs[name])}
    assert different == {} or set(different) <= {"DRAFT_API", "PYZMQ_DRAFT_API"}
    missing = {name for name in theirs.keys() - ours.keys() if hasattr(libzmq.SocketOption, name)}
    assert missing == set()
