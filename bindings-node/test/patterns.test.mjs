// Every pattern over every transport.

import assert from "node:assert/strict"

import {limited, texts, transports, until} from "./support/common.mjs"

for (const transport of transports) {
    limited(`${transport}: request and reply, in sizes up to 1 MiB`, async ({pair}) => {
        const [reply, request] = await pair("Reply", "Request", transport)
        for (const size of [0, 1, 55, 56, 255, 256, 8_192, 65_536, 1_048_576]) {
            const sent = Buffer.alloc(size, size % 251)
            await request.send(sent)
            const [received] = await reply.receive()
            assert.ok(received.equals(sent))
            await reply.send(received)
            const [echo] = await request.receive()
            assert.ok(echo.equals(sent), `${size} bytes`)
        }
    })

    limited(`${transport}: a dealer and a router with routing ids`, async ({pair}) => {
        const [router, dealer] = await pair("Router", "Dealer", transport)
        await dealer.send(["", "question"])
        const [id, empty, question] = await router.receive()
        assert.equal(id.length, 5)
        assert.deepEqual(texts([empty, question]), ["", "question"])
        await router.send([id, "", "answer"])
        assert.deepEqual(texts(await dealer.receive()), ["", "answer"])
    })

    limited(`${transport}: a subscriber receives what its prefixes match`, async ({pair, signal}) => {
        const [publisher, subscriber] = await pair("Publisher", "Subscriber", transport)
        subscriber.subscribe("a", "bc", Buffer.from([0, 255]))
        await until(() => publisher.topicsCount === 3, signal)
        for (const topic of ["abc", "b", "bcd", Buffer.from([0, 255, 1]), "c", "a"]) {
            await publisher.send([topic, "body"])
        }
        const received = []
        while (received.length < 4) {
            received.push((await subscriber.receive())[0].toString("latin1"))
        }
        assert.deepEqual(received, ["abc", "bcd", "\0\xff\x01", "a"])
        subscriber.unsubscribe("a")
        await until(() => publisher.topicsCount === 2, signal)
        await publisher.send("a")
        await publisher.send("bc")
        assert.deepEqual(texts(await subscriber.receive()), ["bc"])
    })

    limited(`${transport}: an xpublisher sees subscriptions, an xsubscriber sends them`, async ({pair}) => {
        const [publisher, subscriber] = await pair("XPublisher", "XSubscriber", transport)
        await subscriber.send(Buffer.from("\x01topic"))
        assert.deepEqual(texts(await publisher.receive()), ["\x01topic"])
        await publisher.send(["topic", "news"])
        assert.deepEqual(texts(await subscriber.receive()), ["topic", "news"])
        await subscriber.send(Buffer.from("\x00topic"))
        assert.deepEqual(texts(await publisher.receive()), ["\x00topic"])
    })

    limited(`${transport}: a push deals to its pulls in turn`, async ({open, endpoint}) => {
        const push = open("Push")
        const pulls = [open("Pull"), open("Pull"), open("Pull")]
        for (const pull of pulls) {
            await pull.bind(endpoint(transport))
            push.connect(pull.lastEndpoint)
        }
        for (let number = 0; number < 300; number += 1) {
            await push.send(String(number))
        }
        for (const [index, pull] of pulls.entries()) {
            for (let number = index; number < 300; number += 3) {
                assert.deepEqual(texts(await pull.receive()), [String(number)])
            }
        }
    })

    limited(`${transport}: a pair, multipart, in both directions`, async ({pair}) => {
        const [left, right] = await pair("Pair", "Pair", transport)
        const message = ["", "text", Buffer.from([1, 2]), "", "x".repeat(100_000), ""]
        await left.send(message)
        await right.send(["back"])
        const received = await right.receive()
        assert.deepEqual(texts(received), texts(message))
        assert.ok(received.every((part) => Buffer.isBuffer(part)))
        assert.deepEqual(texts(await left.receive()), ["back"])
    })
}

limited("every kind of part", async ({pair}) => {
    const [left, right] = await pair("Pair", "Pair")
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])
    const shared = new SharedArrayBuffer(2)
    new Uint8Array(shared).set([8, 9])
    const cases = [
        [bytes, "0102030405060708"],
        [bytes.subarray(2, 4), "0304"],
        [new Uint16Array(bytes.buffer, 2, 1), "0304"],
        [new DataView(bytes.buffer, 1, 3), "020304"],
        [bytes.buffer, "0102030405060708"],
        [shared, "0809"],
        [new Uint8Array(shared, 1), "09"],
        ["häß", "68c3a4c39f"],
        [12.5, "31322e35"],
        [null, ""],
    ]
    for (const [part, hex] of cases) {
        await left.send(part)
        await left.send([part, part])
        assert.equal((await right.receive())[0].toString("hex"), hex)
        assert.equal(Buffer.concat(await right.receive()).toString("hex"), hex + hex)
    }
})

limited("what is no part is refused, and nothing is sent", async ({pair}) => {
    const [left, right] = await pair("Pair", "Pair")
    for (const wrong of [undefined, {}, true, () => {}, [], ["a", undefined], [["a"]]]) {
        await assert.rejects(left.send(wrong), TypeError)
    }
    await left.send("end")
    assert.deepEqual(texts(await right.receive()), ["end"])
})

limited("a buffer may be reused once send has returned", async ({open, endpoint}) => {
    const push = open("Push", {sendHighWaterMark: 1})
    const buffer = Buffer.from("first")
    // Nobody is there yet, so this send waits.
    const sent = push.send(buffer)
    buffer.write("wrong")
    const pull = open("Pull")
    await pull.bind(endpoint("tcp"))
    push.connect(pull.lastEndpoint)
    await sent
    assert.deepEqual(texts(await pull.receive()), ["first"])
})

limited("received buffers are the receiver's own", async ({open, endpoint}) => {
    const publisher = open("Publisher")
    const subscribers = [open("Subscriber"), open("Subscriber")]
    await publisher.bind(endpoint("inproc"))
    for (const subscriber of subscribers) {
        subscriber.subscribe()
        subscriber.connect(publisher.lastEndpoint)
    }
    const sent = Buffer.alloc(200_000, 1)
    await publisher.send(sent)
    const [[one], [other]] = await Promise.all(subscribers.map((subscriber) => subscriber.receive()))
    one.fill(2)
    assert.ok(other.every((byte) => byte === 1) && sent.every((byte) => byte === 1))
})

limited("connect before bind, unbind, disconnect and a second bind", async ({open, endpoint, signal}) => {
    const address = endpoint("ipc")
    const push = open("Push", {reconnectInterval: 10})
    push.connect(address)
    await push.send("early")
    const first = open("Pull")
    await first.bind(address)
    assert.deepEqual(texts(await first.receive()), ["early"])
    await first.unbind(address)
    first.close()
    const second = open("Pull")
    // As in libzmq, the address is free some time after unbind has returned.
    await until(() => second.bind(address).then(() => true, ({code}) => assert.equal(code, "EADDRINUSE")), signal)
    await push.send("late")
    assert.deepEqual(texts(await second.receive()), ["late"])
    push.disconnect(address)
    assert.throws(() => push.disconnect(address), {code: "ENOENT", address})
})

limited("a router names the peer it connects to", async ({open, endpoint}) => {
    const router = open("Router", {mandatory: true})
    const dealer = open("Dealer")
    await dealer.bind(endpoint("tcp"))
    router.connect(dealer.lastEndpoint, {routingId: "worker"})
    await router.send(["worker", "job"])
    assert.deepEqual(texts(await dealer.receive()), ["job"])
    await dealer.send("done")
    assert.deepEqual(texts(await router.receive()), ["worker", "done"])
})
