// Wrong arguments: refused at once, in words of this library, whatever the socket could do, and nothing is lost by it.

import assert from "node:assert/strict"

import * as zmq from "ohmq"

import {limited, texts, until} from "./support/common.mjs"

const wrongOptions = [
    [null, /options is an object, not null/],
    [5, /options is an object, not number/],
    [{timeout: NaN}, /timeout is a number/],
    [{timeout: "10"}, /timeout is a number/],
    [{signal: {}}, /signal is an AbortSignal/],
    [{signal: null}, /signal is an AbortSignal/],
    [{signal: {addEventListener() {}}}, /signal is an AbortSignal/],
]

limited("wrong options are refused also where there is no wait", async ({pair, signal}) => {
    const [pull, push] = await pair("Pull", "Push")
    await push.send("kept")
    await until(() => pull.readable, signal)
    for (const [options, message] of wrongOptions) {
        const wrong = {name: "TypeError", message}
        await assert.rejects(pull.receive(options), wrong)
        await assert.rejects(pull.receiveMany(1, options), wrong)
        await assert.rejects(push.send("x", options), wrong)
        await assert.rejects(push.sendMany(["x"], options), wrong)
    }
    assert.deepEqual(texts(await pull.receive()), ["kept"])
    assert.equal(push.stats().sent_accepted, 1)
})

limited("an endpoint that is no text", async ({open}) => {
    const dealer = open("Dealer")
    for (const endpoint of [undefined, null, 5, Buffer.from("tcp://127.0.0.1:*")]) {
        const wrong = {name: "TypeError", message: /an endpoint is text, not (undefined|null|number|object)/}
        await assert.rejects(dealer.bind(endpoint), wrong)
        await assert.rejects(dealer.unbind(endpoint), wrong)
        for (const method of ["bindSync", "unbindSync", "connect", "disconnect"]) {
            assert.throws(() => dealer[method](endpoint), wrong)
        }
    }
    assert.throws(() => dealer.connect("nowhere"), {code: "EINVAL", subject: "nowhere", address: "nowhere"})
})

limited("numbers that are none of the engine's", ({open}) => {
    const dealer = open("Dealer", {routingId: "mine"})
    for (const number of [NaN, Infinity, 1.5, 2n ** 64n]) {
        const message = new RegExp(`ZMQ_ROUTING_ID: ${number} is no whole number`)
        assert.throws(() => (dealer.routingId = number), {code: "EINVAL", message})
        assert.throws(() => (dealer.linger = number), {code: "EINVAL", message: /ZMQ_LINGER/})
    }
    assert.throws(() => (dealer.routingId = 5), {code: "EINVAL"})
    assert.equal(String(dealer.routingId), "mine")
    dealer.maxMessageSize = 2n ** 40n
    assert.equal(dealer.maxMessageSize, 2 ** 40)
})

limited("options of sockets and contexts that are not objects, or have no name", ({open}) => {
    assert.throws(() => new zmq.Pair(5), {name: "TypeError", message: /options is an object, not number/})
    assert.throws(() => new zmq.Pair(null), {name: "TypeError", message: /options is an object, not null/})
    const named = {name: "TypeError", message: /a name or a number/}
    assert.throws(() => open("Pair").getOption(null), named)
    assert.throws(() => new zmq.Context().getOption(undefined), named)
})

limited("messages with holes, and batches that are none", async ({pair, signal}) => {
    const [pull, push] = await pair("Pull", "Push")
    const hole = {name: "TypeError", message: /not undefined/}
    await assert.rejects(push.send(["a", , "b"]), hole)
    await assert.rejects(push.sendMany(["a", , "b"]), hole)
    for (const none of [5, "abc", undefined]) {
        await assert.rejects(push.sendMany(none), {name: "TypeError", message: /an array of messages/})
    }
    await push.send("only")
    await until(() => pull.readable, signal)
    assert.deepEqual(await pull.receiveMany().then((messages) => messages.map(texts)), [["only"]])
})

limited("no messages are sent without waiting for others", async ({open, endpoint}) => {
    const push = open("Push")
    await push.bind(endpoint("tcp"))
    const waiting = push.send("x")
    await push.sendMany([])
    push.close()
    await assert.rejects(waiting, {code: "EAGAIN"})
})
