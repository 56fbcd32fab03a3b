"""All eleven socket types over tcp, ipc and inproc."""

import pytest
from target import zmq

ENDPOINTS = ["tcp://127.0.0.1:*", "ipc://*", "inproc://pattern"]


@pytest.fixture(params=ENDPOINTS, ids=["tcp", "ipc", "inproc"])
def joined(request, connected):
    return lambda first, second, **options: connected(first, second, endpoint=request.param, **options)


def test_request_and_reply(joined):
    server, client = joined(zmq.REP, zmq.REQ)
    for number in range(10):
        client.send(b"%d" % number)
        question = server.recv()
        server.send_multipart([question, b"answered"])
        assert client.recv_multipart() == [b"%d" % number, b"answered"]


def test_dealer_and_router(joined):
    router, dealer = joined(zmq.ROUTER, zmq.DEALER, routing_id=b"name")
    dealer.send_multipart([b"", b"question"])
    identity, *parts = router.recv_multipart()
    assert identity == b"name" and parts == [b"", b"question"]
    router.send_multipart([identity, b"", b"answer"])
    assert dealer.recv_multipart() == [b"", b"answer"]


def test_generated_identities_route_back(joined):
    router, dealer = joined(zmq.ROUTER, zmq.DEALER)
    dealer.send(b"hello")
    identity, body = router.recv_multipart()
    assert len(identity) == 5 and identity[:1] == b"\0" and body == b"hello"
    router.send_multipart([identity, b"back"])
    assert dealer.recv() == b"back"


def test_publish_and_subscribe(joined):
    publisher, subscriber = joined(zmq.XPUB, zmq.SUB)
    subscriber.subscribe("a")
    subscriber.subscribe(b"ab")
    assert {publisher.recv(), publisher.recv()} == {b"\1a", b"\1ab"}
    for topic in (b"a1", b"b1", b"ab", b"\0\xff"):
        publisher.send_multipart([topic, b"body"])
    assert subscriber.recv_multipart() == [b"a1", b"body"]
    assert subscriber.recv_multipart() == [b"ab", b"body"]
    subscriber.unsubscribe("a")
    assert publisher.recv() == b"\0a"
    publisher.send(b"a2")
    publisher.send(b"abc")
    assert subscriber.recv() == b"abc"


def test_pub_reaches_its_subscribers(joined):
    subscriber, publisher = joined(zmq.SUB, zmq.PUB)
    subscriber.subscribe = b""
    # PUB tells nobody when a subscription has arrived, so the first message is repeated until one came through.
    while not subscriber.poll(10):
        publisher.send(b"knock")
    publisher.send(b"end")
    while subscriber.recv() == b"knock":
        pass
    assert subscriber.poll(0) == 0


def test_xsub_sends_its_subscriptions(joined):
    publisher, subscriber = joined(zmq.XPUB, zmq.XSUB)
    subscriber.send(b"\1topic")
    assert publisher.recv() == b"\1topic"
    publisher.send(b"topic 1")
    assert subscriber.recv() == b"topic 1"


def test_push_deals_in_turn(context):
    push = context.socket(zmq.PUSH)
    push.bind("inproc://work")
    workers = [context.socket(zmq.PULL) for _ in range(3)]
    for worker in workers:
        worker.connect("inproc://work")
    for number in range(30):
        push.send(b"%d" % number)
    taken = [[int(worker.recv()) for _ in range(10)] for worker in workers]
    assert sorted(sum(taken, [])) == list(range(30))
    assert all(list(numbers) == sorted(numbers) for numbers in taken)


def test_a_pair_talks_both_ways(joined):
    one, two = joined(zmq.PAIR, zmq.PAIR)
    one.send(b"there")
    two.send(b"back")
    assert (two.recv(), one.recv()) == (b"there", b"back")


def test_connecting_before_binding(context, tmp_path):
    for endpoint in (f"ipc://{tmp_path}/late", "inproc://late"):
        push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        push.connect(endpoint)
        push.send(b"early")
        pull.bind(endpoint)
        assert pull.recv() == b"early"


def test_one_socket_with_several_endpoints(context):
    pull = context.socket(zmq.PULL)
    pull.bind("inproc://several")
    endpoints = ["inproc://several"]
    for endpoint in ("tcp://127.0.0.1:*", "ipc://*"):
        pull.bind(endpoint)
        endpoints.append(pull.last_endpoint.decode())
    for endpoint in endpoints:
        with context.socket(zmq.PUSH) as push:
            push.connect(endpoint)
            push.linger = -1
            push.send_string(endpoint)
            assert pull.recv_string() == endpoint
