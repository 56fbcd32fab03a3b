"""asyncio: the same semantics awaited, and cancellation that loses nothing."""

import asyncio
import errno
import functools
import gc
import os
import random
import selectors
import time
import warnings
import weakref

import pytest
from target import IS_OHMQ, only_ohmq, zmq, zmq_asyncio

SEED = 20261123


class CountingSelector(selectors.DefaultSelector):
    """Counts the turns of its event loop."""

    turns = 0

    def select(self, timeout=None):
        self.turns += 1
        return super().select(timeout)


def run(test):
    """Runs a coroutine function as a test."""

    @functools.wraps(test)
    def wrapper(*arguments, **fixtures):
        asyncio.run(test(*arguments, **fixtures))

    return wrapper


@run
async def test_send_and_receive(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    await one.send(b"before")
    assert await two.recv() == b"before"
    waiting = asyncio.ensure_future(two.recv_multipart())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    await one.send_multipart([b"a", b"b"])
    assert await waiting == [b"a", b"b"]
    await one.send(b"a", zmq.SNDMORE)
    await one.send(b"b")
    assert await two.recv() == b"a" and two.get(zmq.RCVMORE)
    assert await two.recv(copy=False) is not None and not two.get(zmq.RCVMORE)


@run
async def test_what_can_be_done_at_once_is_done_without_await(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    sent = one.send(b"never awaited")
    assert await two.recv() == b"never awaited"
    assert sent.done()


@run
async def test_strings_json_and_serialized(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    await one.send_string("grüße")
    assert await two.recv_string() == "grüße"
    receiving = asyncio.ensure_future(two.recv_json())
    await one.send_json({"a": None})
    assert await receiving == {"a": None}
    await one.send_json(None)
    assert await two.recv_json() is None
    await one.send_serialized(5, lambda number: [b"%d" % number])
    assert await two.recv_serialized(lambda parts: int(parts[0])) == 5
    buffer = bytearray(8)
    receiving = asyncio.ensure_future(two.recv_into(buffer)) if IS_OHMQ else None
    await one.send(b"into")
    if receiving:
        assert await receiving == 4 and buffer[:4] == b"into"


@run
async def test_a_failed_conversion_is_the_awaiters_error(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    await one.send(b"{not json")
    with pytest.raises(ValueError):
        await two.recv_json()
    await one.send(b"1")
    assert await two.recv_json() == 1


@only_ohmq
@run
async def test_errors_come_with_the_await(async_context):
    socket = async_context.socket(zmq.REQ)
    with pytest.raises(zmq.ZMQError) as caught:
        await socket.recv()
    assert caught.value.errno == zmq.EFSM
    with pytest.raises(zmq.Again):
        await socket.send(b"nobody", zmq.NOBLOCK)
    with pytest.raises(TypeError):
        await socket.send("text")


@run
async def test_timeouts_of_the_socket_hold(async_context):
    pull, push = async_context.socket(zmq.PULL), async_context.socket(zmq.PUSH)
    pull.rcvtimeo = push.sndtimeo = 30
    start = time.monotonic()
    with pytest.raises(zmq.Again):
        await pull.recv()
    with pytest.raises(zmq.Again):
        await push.send(b"nobody")
    assert 0.05 < time.monotonic() - start < 5
    with pytest.raises(zmq.Again):
        await pull.recv(zmq.NOBLOCK)


@run
async def test_receivers_are_served_in_order_of_their_calls(async_connected):
    push, pull = async_connected(zmq.PUSH, zmq.PULL)
    receivers = [pull.recv() for _ in range(5)]
    for number in range(5):
        await push.send(b"%d" % number)
    assert await asyncio.gather(*receivers) == [b"0", b"1", b"2", b"3", b"4"]
    tasks = [asyncio.ensure_future(receive_one(pull)) for _ in range(5)]
    await asyncio.sleep(0)
    for number in range(5):
        await push.send(b"%d" % number)
    assert await asyncio.gather(*tasks) == [b"0", b"1", b"2", b"3", b"4"]


async def receive_one(socket):
    return await socket.recv()


@run
async def test_a_cancelled_receiver_leaves_its_message_to_the_next(async_connected):
    push, pull = async_connected(zmq.PUSH, zmq.PULL)
    first, second = pull.recv_multipart(), pull.recv_multipart()
    assert first.cancel() and first.done() and not second.done()
    await push.send(b"x")
    assert await second == [b"x"]
    assert first.cancelled()


@only_ohmq
@run
async def test_sends_wait_for_room_in_order(async_context):
    push, pull = async_context.socket(zmq.PUSH), async_context.socket(zmq.PULL)
    sending = [push.send(b"%d" % number) for number in range(20)]
    await asyncio.sleep(0.01)
    assert not any(future.done() for future in sending)
    assert sending[3].cancel()
    pull.bind("inproc://room")
    push.connect("inproc://room")
    received = [int(await pull.recv()) for _ in range(19)]
    assert received == [number for number in range(20) if number != 3]
    await asyncio.gather(*sending[:3], *sending[4:])


@only_ohmq
@run
async def test_a_waiting_message_is_what_it_was_when_send_was_called(async_context):
    push, pull = async_context.socket(zmq.PUSH), async_context.socket(zmq.PULL)
    data = bytearray(b"before")
    first, second = push.send(data), push.send(data)
    data[:] = b"after!"
    pull.bind("inproc://kept")
    push.connect("inproc://kept")
    assert [await pull.recv(), await pull.recv()] == [b"before", b"before"]
    await asyncio.gather(first, second)


@only_ohmq
@run
async def test_a_task_cancelled_as_its_message_arrives_has_not_taken_it(async_connected):
    """The message is there and the loop has woken the task; the cancellation comes before the task's step."""
    push, pull = async_connected(zmq.PUSH, zmq.PULL)
    for number in range(200):
        task = asyncio.ensure_future(receive_one(pull))
        await asyncio.sleep(0)
        push.send(b"%d" % number)
        while not pull._events() & zmq.POLLIN:
            await asyncio.sleep(0)
        task.cancel()
        try:
            taken = await task
        except asyncio.CancelledError:
            taken = await pull.recv()
        assert int(taken) == number


@only_ohmq
@run
async def test_cancellation_loses_and_doubles_nothing(async_connected):
    """Receivers are cancelled and timed out at random while a numbered stream arrives: every number, once, in order."""
    total = 20_000
    print("seed", SEED)
    chance = random.Random(SEED)
    push, pull = async_connected(zmq.PUSH, zmq.PULL)

    async def send_all():
        for number in range(total):
            await push.send(b"%d" % number)
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() * 0.0005)
            if number % 100 == 99 and number + 1 < total:
                # However fast or slow the machine is: now and then a receiver has nothing to receive when it is ended.
                while len(received) <= number:
                    await asyncio.sleep(0)
                before = disturbed
                while disturbed == before:
                    await asyncio.sleep(0)

    received, disturbed = [], 0
    sending = asyncio.ensure_future(send_all())
    while len(received) < total:
        way = chance.randrange(4)
        try:
            if way == 0:
                received.append(int(await asyncio.wait_for(pull.recv(), chance.random() * 0.0002)))
            elif way == 1:
                async with asyncio.timeout(chance.random() * 0.0002):
                    received.append(int((await pull.recv_multipart())[0]))
            elif way == 2:
                task = asyncio.ensure_future(receive_one(pull))
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                task.cancel()
                received.append(int(await task))
            else:
                received += [int(message[0]) for message in await asyncio.wait_for(pull.recv_many(50), 0.001)]
        except (TimeoutError, asyncio.CancelledError):
            disturbed += 1
    await sending
    print("disturbed", disturbed)
    assert received == list(range(total))
    assert disturbed > 100


@only_ohmq
@run
async def test_a_cancelled_send_was_not_sent(async_connected):
    """Senders that wait for room are cancelled at random; exactly the others' messages arrive."""
    print("seed", SEED)
    chance = random.Random(SEED)
    push, pull = async_connected(zmq.PUSH, zmq.PULL, sndhwm=5, rcvhwm=5)
    body = b"x" * 50_000
    sent, received = [], []

    async def send(number):
        await push.send_multipart([b"%d" % number, body])
        sent.append(number)

    async def receive():
        while True:
            received.append(int((await pull.recv_multipart())[0]))
            await asyncio.sleep(0)

    receiving = asyncio.ensure_future(receive())
    number = cancelled = 0
    while cancelled < 200:
        tasks = [asyncio.ensure_future(send(number + index)) for index in range(40)]
        number += 40
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        for task in chance.sample(tasks, 20):
            task.cancel()
        cancelled += sum(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*tasks, return_exceptions=True))
    while len(received) < len(sent):
        await asyncio.sleep(0.001)
    receiving.cancel()
    assert sorted(sent) == sorted(received)


@only_ohmq
@pytest.mark.parametrize("endpoint", ["inproc://one-full", "tcp://127.0.0.1:*"])
@pytest.mark.parametrize("kinds", [("ROUTER", "DEALER"), ("XPUB", "XSUB")], ids="-".join)
def test_a_send_waits_for_one_full_peer_while_the_socket_is_writable(async_context, kinds, endpoint):
    """These sockets are always writable, whatever peer the message is for: the loop must sleep until that one has room."""
    sender, receiver = (async_context.socket(getattr(zmq, kind)) for kind in kinds)
    sender.sndhwm = receiver.rcvhwm = 1
    sender.sndbuf = receiver.rcvbuf = 10_000
    setattr(sender, "router_mandatory" if kinds[0] == "ROUTER" else "xpub_nodrop", 1)
    selector = CountingSelector()

    async def send(peer):
        for number in range(50):
            await sender.send_multipart([peer, b"%d" % number, bytes(50_000)])

    async def main():
        sender.bind(endpoint)
        receiver.connect(sender.last_endpoint.decode())
        await receiver.send(b"\x01")  # A subscription to everything; a message to ROUTER, which then knows the peer.
        peer = (await sender.recv_multipart())[0] if kinds[0] == "ROUTER" else await sender.recv() and b""
        if kinds[0] == "ROUTER":
            with_room = async_context.socket(zmq.DEALER)
            with_room.connect(sender.last_endpoint.decode())
            await with_room.send(b"")
            await sender.recv_multipart()
        sending = asyncio.ensure_future(send(peer))
        await asyncio.sleep(0.05)
        turns = selector.turns
        await asyncio.sleep(0.05)
        turns, waiting = selector.turns - turns, not sending.done()
        received = [int((await receiver.recv_multipart())[-2]) for _ in range(50)]
        await sending
        return turns, waiting, received

    loop = asyncio.SelectorEventLoop(selector)
    turns, waiting, received = loop.run_until_complete(main())
    loop.close()
    assert waiting and turns < 20
    assert received == list(range(50))


@run
async def test_poll(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    assert await two.poll(20) == 0
    polling = two.poll(20_000)
    await one.send(b"x")
    assert await polling == zmq.POLLIN
    assert await two.poll(0) == zmq.POLLIN
    assert await two.poll(1000, zmq.POLLOUT) == zmq.POLLOUT
    assert await two.recv() == b"x"


@run
async def test_the_poller_waits_for_sockets_of_both_kinds_and_descriptors(async_connected, connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)
    three, four = connected(zmq.PAIR, zmq.PAIR)
    reading, writing = os.pipe()
    poller = zmq_asyncio.Poller()
    poller.register(two, zmq.POLLIN)
    poller.register(reading, zmq.POLLIN)
    if IS_OHMQ:
        poller.register(four, zmq.POLLIN)
    assert await poller.poll(20) == []
    polling = asyncio.ensure_future(poller.poll(20_000))
    await asyncio.sleep(0.01)
    await one.send(b"x")
    assert await polling == [(two, zmq.POLLIN)]
    assert await two.recv() == b"x"
    polling = asyncio.ensure_future(poller.poll(20_000))
    await asyncio.sleep(0.01)
    os.write(writing, b"x")
    assert await polling == [(reading, zmq.POLLIN)]
    os.read(reading, 1)
    if IS_OHMQ:
        polling = asyncio.ensure_future(poller.poll(20_000))
        await asyncio.sleep(0.01)
        three.send(b"x")
        assert await polling == [(four, zmq.POLLIN)]
        assert await poller.poll() == [(four, zmq.POLLIN)]
    os.close(reading)
    os.close(writing)


@run
async def test_closing_cancels_what_waits(async_context):
    pull = async_context.socket(zmq.PULL)
    waiting = asyncio.ensure_future(pull.recv())
    polling = pull.poll()
    await asyncio.sleep(0.01)
    pull.close()
    for future in (waiting, polling):
        with pytest.raises(asyncio.CancelledError):
            await future
    with pytest.raises(zmq.ZMQError):
        await pull.recv()


@only_ohmq
@run
async def test_the_end_of_the_context_ends_what_waits(async_context):
    pull = async_context.socket(zmq.PULL)
    waiting = asyncio.ensure_future(receive_one(pull))
    plain = pull.recv()
    await asyncio.sleep(0.01)
    async_context.shutdown()
    for future in (waiting, plain):
        with pytest.raises(zmq.ContextTerminated):
            await asyncio.wait_for(future, 20)


def test_a_socket_moves_from_one_loop_to_the_next(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)

    async def talk(body):
        waiting = asyncio.ensure_future(two.recv())
        await asyncio.sleep(0.01)
        await one.send(body)
        return await waiting

    for body in (b"first", b"second", b"third"):
        assert asyncio.run(talk(body)) == body


@only_ohmq
def test_a_loop_that_ends_with_waiting_operations(async_connected):
    one, two = async_connected(zmq.PAIR, zmq.PAIR)

    async def abandon():
        asyncio.ensure_future(receive_one(two))
        two.recv()
        await asyncio.sleep(0.01)

    asyncio.run(abandon())

    async def receive():
        await one.send(b"kept")
        return await two.recv()

    assert asyncio.run(receive()) == b"kept"


@only_ohmq
def test_collected_sockets_leave_no_descriptor_behind():
    def open_descriptors():
        return len(os.listdir("/proc/self/fd"))

    async def use_many():
        context = zmq_asyncio.Context()
        for number in range(30):
            one, two = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
            one.bind(f"inproc://collected-{number}")
            two.connect(f"inproc://collected-{number}")
            waiting = asyncio.ensure_future(two.recv())
            await asyncio.sleep(0)
            await one.send(b"x")
            assert await waiting == b"x"
            await asyncio.sleep(0)
            del one, two, waiting
        gc.collect()
        await asyncio.sleep(0)
        context.term()

    before = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(use_many())
        gc.collect()
    assert open_descriptors() <= before


@run
async def test_a_task_that_waits_is_kept_by_the_loop():
    """As in many programs: nobody keeps the task, the task alone keeps the socket."""
    received = asyncio.get_running_loop().create_future()

    async def serve(context, endpoint):
        with context.socket(zmq.PULL) as pull:
            pull.bind(endpoint)
            received.set_result(await pull.recv())

    with zmq_asyncio.Context() as context:
        asyncio.ensure_future(serve(context, "inproc://kept-by-the-loop"))
        await asyncio.sleep(0)
        gc.collect()
        push = context.socket(zmq.PUSH)
        push.linger = 0
        push.connect("inproc://kept-by-the-loop")
        await asyncio.wait_for(push.send(b"x"), 10)
        assert await asyncio.wait_for(received, 10) == b"x"


@only_ohmq
@pytest.mark.parametrize("way", ["received", "cancelled", "expired"])
@run
async def test_the_loop_keeps_no_socket_that_nobody_waits_for(async_context, way):
    push, pull = zmq_asyncio.Socket(async_context, zmq.PUSH), zmq_asyncio.Socket(async_context, zmq.PULL)
    pull.bind("inproc://not-kept")
    push.connect("inproc://not-kept")
    polling, receiving = pull.poll(10_000), pull.recv()
    if way == "cancelled":
        polling.cancel()
        receiving.cancel()
    elif way == "expired":
        polling.cancel()
        pull.rcvtimeo = 1
        receiving.cancel()
        receiving = pull.recv()
    else:
        await push.send(b"x")
    await asyncio.wait([polling, receiving])
    await asyncio.sleep(0)
    receiving.exception() if not receiving.cancelled() else None
    reference = weakref.ref(pull)
    with pytest.warns(ResourceWarning):
        del pull
        gc.collect()
    assert reference() is None
    push.close()


def test_a_socket_closes_after_its_loop_has_ended(async_context):
    pull = async_context.socket(zmq.PULL)
    pull.bind("inproc://after-the-loop")
    waiting = []

    async def wait():
        waiting.extend([pull.recv(), pull.poll(), asyncio.ensure_future(receive_one(pull))])
        await asyncio.sleep(0)

    asyncio.run(wait())
    pull.close()
    assert pull.closed


@only_ohmq
@run
async def test_errors_of_the_wait_come_with_the_await_too(async_context, monkeypatch):
    push, pull = async_context.socket(zmq.PUSH), async_context.socket(zmq.PULL)
    poller = zmq_asyncio.Poller()
    poller.register(pull, zmq.POLLIN)

    def no_more_descriptors(_descriptor):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "dup", no_more_descriptors)
        failing = [pull.recv(), pull.poll(), push.send(b"x"), asyncio.ensure_future(poller.poll())]
        for future in failing:
            with pytest.raises(OSError, match="Too many"):
                await future
    waiting, failing = push.send(b"x"), push.send("text")
    with pytest.raises(TypeError):
        await failing
    waiting.cancel()


@only_ohmq
@run
async def test_a_poller_leaves_the_loops_own_readers_alone():
    reading, writing = os.pipe()
    loop, seen = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(reading, seen.set)
    poller = zmq_asyncio.Poller()
    poller.register(reading, zmq.POLLIN)
    assert await poller.poll(1) == []
    polling = asyncio.ensure_future(poller.poll(10_000))
    await asyncio.sleep(0)
    os.write(writing, b"x")
    assert await polling == [(reading, zmq.POLLIN)]
    await asyncio.wait_for(seen.wait(), 10)
    assert loop.remove_reader(reading)
    os.close(reading)
    os.close(writing)


@run
async def test_sockets_are_made_with_pyzmqs_keywords(async_context):
    with zmq_asyncio.Socket(context=async_context, socket_type=zmq.PULL) as pull:
        assert pull.type == zmq.PULL


@only_ohmq
@run
async def test_a_batch_that_ends_early_says_how_many_were_sent(async_context):
    push, pull = async_context.socket(zmq.PUSH), async_context.socket(zmq.PULL)
    push.sndhwm = pull.rcvhwm = 5
    pull.bind("inproc://early")
    push.connect("inproc://early")
    push.sndtimeo = 1
    for flags in (0, zmq.NOBLOCK):
        sent = await push.send_many([b"x"] * 100, flags)
        assert 0 < sent < 100
        for _ in range(sent):
            await pull.recv()
    await push.send_many([b"x"] * 100)
    with pytest.raises(zmq.Again):
        await push.send_many([b"x"] * 100)

    router, dealer = async_context.socket(zmq.ROUTER), async_context.socket(zmq.DEALER)
    router.router_mandatory, router.sndhwm, dealer.rcvhwm, dealer.identity = 1, 0, 0, b"peer"
    router.bind("inproc://counted")
    dealer.connect("inproc://counted")
    await dealer.send(b"")
    await router.recv_multipart()
    with pytest.raises(zmq.HostUnreachable) as caught:
        await router.send_many([[b"peer", b"x"]] * 1500 + [[b"nobody", b"x"]])
    assert caught.value.sent == 1500


@only_ohmq
@run
async def test_a_batch_takes_iterators_once(async_context):
    push, pull = async_context.socket(zmq.PUSH), async_context.socket(zmq.PULL)
    sending = asyncio.ensure_future(push.send_many(iter([part]) for part in (b"1", b"2", b"3")))
    await asyncio.sleep(0)
    pull.bind("inproc://iterators")
    push.connect("inproc://iterators")
    assert [await pull.recv() for _ in range(3)] == [b"1", b"2", b"3"]
    assert await sending == 3


@only_ohmq
@run
async def test_batches(async_connected):
    push, pull = async_connected(zmq.PUSH, zmq.PULL, sndhwm=100, rcvhwm=100)
    receiving = asyncio.ensure_future(receive_many(pull, 5000))
    assert await push.send_many([b"%d" % number for number in range(5000)]) == 5000
    assert await receiving == [[b"%d" % number] for number in range(5000)]


async def receive_many(socket, count):
    received = []
    while len(received) < count:
        received += await socket.recv_many()
    return received


@run
async def test_views_of_one_socket(async_connected, connected):
    one, two = connected(zmq.PAIR, zmq.PAIR)
    view = zmq_asyncio.Socket.from_socket(two)
    waiting = asyncio.ensure_future(view.recv())
    await asyncio.sleep(0.01)
    one.send(b"to the view")
    assert await waiting == b"to the view"
    view.close() if IS_OHMQ else None


@only_ohmq
@run
async def test_many_sockets_and_tasks_at_once(async_context):
    router = async_context.socket(zmq.ROUTER)
    router.bind("tcp://127.0.0.1:*")
    endpoint = router.last_endpoint.decode()

    async def serve():
        while True:
            await router.send_multipart(await router.recv_multipart())

    async def ask(number):
        with async_context.socket(zmq.REQ) as client:
            client.connect(endpoint)
            for round_number in range(20):
                await client.send_string(f"{number} {round_number}")
                assert await client.recv_string() == f"{number} {round_number}"

    serving = asyncio.ensure_future(serve())
    await asyncio.gather(*(ask(number) for number in range(30)))
    serving.cancel()


def test_the_loop_sleeps_while_nothing_happens(async_connected):
    """A waiting receive must keep neither the event loop busy, nor anything else of the process."""
    _, two = async_connected(zmq.PAIR, zmq.PAIR)
    selector = CountingSelector()

    async def idle():
        waiting = asyncio.ensure_future(two.recv())
        await asyncio.sleep(0.05)
        turns, used = selector.turns, time.process_time()
        await asyncio.sleep(0.5)
        turns, used = selector.turns - turns, time.process_time() - used
        waiting.cancel()
        await asyncio.wait([waiting])
        return turns, used

    loop = asyncio.SelectorEventLoop(selector)
    turns, used = loop.run_until_complete(idle())
    loop.close()
    # A busy machine takes turns away, it adds none.
    assert turns < 20
    assert used < 0.25
