// Options as properties, by name, and when a socket or a context is made.

import assert from "node:assert/strict"

import * as zmq from "ohmq"

import {limited} from "./support/common.mjs"

limited("options are given when the socket is made, and read back", ({open}) => {
    const dealer = open("Dealer", {
        linger: 7,
        routingId: "me",
        sendHighWaterMark: 11,
        receiveHighWaterMark: 12,
        sendTimeout: 13,
        receiveTimeout: 14,
        ipv6: true,
        maxMessageSize: 2 ** 40,
        heartbeatInterval: 1000,
    })
    assert.equal(dealer.linger, 7)
    assert.equal(dealer.routingId, "me")
    assert.equal(dealer.sendHighWaterMark, 11)
    assert.equal(dealer.receiveHighWaterMark, 12)
    assert.equal(dealer.sendTimeout, 13)
    assert.equal(dealer.receiveTimeout, 14)
    assert.equal(dealer.ipv6, true)
    assert.equal(dealer.maxMessageSize, 2 ** 40)
    assert.equal(dealer.heartbeatInterval, 1000)
    assert.equal(dealer.type, 5)
    assert.equal(dealer.securityMechanism, null)
    assert.equal(dealer.threadSafe, true)
    assert.equal(dealer.context, zmq.context)
})

limited("an unknown option is a TypeError, and no socket stays open", () => {
    const context = new zmq.Context()
    assert.throws(() => new zmq.Request({context, colour: "red"}), {
        name: "TypeError",
        message: "colour is not an option of Request",
    })
    // Would wait for ever for a socket left open.
    return context.terminate()
})

limited("refused values say which option, and why", ({open}) => {
    const request = open("Request")
    const wrong = (name, value, code) =>
        assert.throws(() => (request[name] = value), (error) => error.code === code || assert.fail(String(error)))
    wrong("linger", -2, "EINVAL")
    wrong("linger", 1.5, "EINVAL")
    wrong("linger", 2 ** 40, "EINVAL")
    wrong("linger", "long", "EINVAL")
    wrong("linger", Buffer.from("x"), "EINVAL")
    wrong("curveServer", true, "ENOTSUP")
    assert.throws(() => (request.linger = undefined), TypeError)
    assert.throws(() => (request.linger = {}), TypeError)
    assert.throws(() => (request.type = 1), TypeError)
    assert.throws(() => request.setOption("sndhwm", -1), {code: "EINVAL", operation: "set", message: /SNDHWM/})
    assert.throws(() => request.setOption("colour", 1), {code: "EINVAL", subject: "colour"})
    assert.throws(() => request.getOption(4242), {code: "EINVAL", message: /4242/})
    assert.throws(() => request.getOption("curve_publickey"), {code: "ENOTSUP"})
})

limited("options by name and by number, bytes as bytes", ({open}) => {
    const dealer = open("Dealer")
    dealer.setOption("ROUTING_ID", Buffer.from([0xff, 0]))
    assert.ok(dealer.getOption("routing_id").equals(Buffer.from([0xff, 0])))
    dealer.setOption(zmq.SocketOption.LINGER, 5)
    assert.equal(dealer.getOption("linger"), 5)
    assert.equal(dealer.getOption("type"), 5)
})

limited("an xpublisher's verbosity", async ({open, endpoint}) => {
    const publisher = open("XPublisher")
    publisher.verbosity = "allSubs"
    await publisher.bind(endpoint("inproc"))
    for (let round = 0; round < 2; round += 1) {
        const subscriber = open("Subscriber")
        subscriber.subscribe("x")
        subscriber.connect(publisher.lastEndpoint)
        assert.equal((await publisher.receive())[0].toString(), "\x01x")
    }
    publisher.verbosity = null
})

limited("a context's options", async () => {
    const context = new zmq.Context({ioThreads: 2, maxSockets: 1, ipv6: true})
    assert.equal(context.ioThreads, 2)
    assert.equal(context.maxSockets, 1)
    assert.equal(context.ipv6, true)
    assert.equal(context.getOption("io_threads"), 2)
    assert.throws(() => new zmq.Context({colour: 1}), TypeError)
    assert.throws(() => (context.ioThreads = -1), {code: "EINVAL"})
    assert.throws(() => context.setOption(4242, 1), {code: "EINVAL", message: /4242/})
    const socket = new zmq.Pair({context})
    assert.equal(socket.ipv6, true)
    assert.equal(socket.context, context)
    assert.throws(() => new zmq.Pair({context}), {code: "EMFILE"})
    socket.close()
    await context.terminate()
    assert.throws(() => new zmq.Pair({context}), {name: "ZmqError"})
})

limited("numbers that the engine cannot hold are refused", async ({open}) => {
    for (const value of [NaN, Infinity, 2 ** 32 + 1, -0.5]) {
        assert.throws(() => new zmq.Context({ioThreads: value}), {code: "EINVAL"})
        assert.throws(() => new zmq.Socket(value), {code: "EINVAL"})
        assert.throws(() => open("Pull").getOption(value), {code: "EINVAL"})
    }
})
