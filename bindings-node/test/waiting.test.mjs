// Waiting: time limits, cancellation, order, iteration, and the event loop's share.

import assert from "node:assert/strict"

import * as zmq from "ohmq"

import {limited, texts, until} from "./support/common.mjs"

limited("time limits of the socket and of the call", async ({open, endpoint}) => {
    const dealer = open("Dealer", {receiveTimeout: 20, sendTimeout: 20})
    await dealer.bind(endpoint("tcp"))
    const late = {name: "ZmqError", code: "EAGAIN", errno: 11}
    const begin = performance.now()
    await assert.rejects(dealer.receive(), late)
    await assert.rejects(dealer.send("x"), late)
    await assert.rejects(dealer.receive({timeout: 30}), late)
    const waited = performance.now() - begin
    assert.ok(waited >= 67 && waited < 5000, `${waited} ms`)
    await assert.rejects(dealer.receive({timeout: 0}), late)
    await assert.rejects(dealer.send("x", {timeout: 0}), late)
    await assert.rejects(dealer.receiveMany(5, {timeout: 1}), late)
    await assert.rejects(dealer.sendMany(["x", "y"], {timeout: 1}), {...late, sent: 0})
})

limited("a signal cancels, with its reason", async ({open, endpoint}) => {
    const dealer = open("Dealer")
    await dealer.bind(endpoint("tcp"))
    const control = new AbortController()
    const waiting = [
        dealer.receive({signal: control.signal}),
        dealer.receiveMany(3, {signal: control.signal}),
        dealer.send("x", {signal: control.signal}),
        dealer.sendMany(["x"], {signal: control.signal}),
    ]
    control.abort()
    for (const result of await Promise.allSettled(waiting)) {
        assert.equal(result.reason, control.signal.reason)
        assert.equal(result.reason.name, "AbortError")
    }
    await assert.rejects(dealer.receive({signal: control.signal}), {name: "AbortError"})
    await assert.rejects(dealer.send("x", {signal: AbortSignal.abort("why")}), (reason) => reason === "why")
    await assert.rejects(dealer.receive({signal: AbortSignal.timeout(5)}), {name: "TimeoutError"})
    assert.equal(dealer.stats().sent_accepted, 0)
})

limited("20 000 cancelled receives lose nothing and change no order", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    const total = 20_000
    const numbers = []
    let cancelled = 0
    const sending = (async () => {
        for (let number = 0; number < total; number += 1) {
            await push.send(String(number))
            if (number % 7 === 0) {
                // Until the receiver has nothing to receive: then what it cancels has to be given up, not given.
                do {
                    await new Promise(setImmediate)
                } while (numbers.length <= number)
            }
        }
    })()
    for (let round = 0; numbers.length < total; round += 1) {
        const control = new AbortController()
        const receiving = pull.receive({signal: control.signal})
        if (round % 3 === 0) {
            control.abort()
        } else if (round % 3 === 1) {
            setImmediate(() => control.abort())
        }
        try {
            numbers.push(Number((await receiving)[0]))
        } catch (error) {
            assert.equal(error, control.signal.reason)
            cancelled += 1
        }
    }
    await sending
    assert.deepEqual(numbers, [...Array(total).keys()])
    assert.ok(cancelled > 1000, `only ${cancelled} were cancelled`)
})

limited("cancelled sends were not sent, the others were, in order", async ({open, endpoint}) => {
    const push = open("Push", {sendHighWaterMark: 10})
    const controls = Array.from({length: 200}, () => new AbortController())
    const sends = controls.map(({signal}, number) => push.send(String(number), {signal}))
    const settled = Promise.allSettled(sends)
    controls.forEach((control, number) => number % 2 === 0 && control.abort())
    const pull = open("Pull")
    await pull.bind(endpoint("tcp"))
    push.connect(pull.lastEndpoint)
    const results = await settled
    const expected = results.flatMap(({status}, number) => (status === "fulfilled" ? [String(number)] : []))
    assert.equal(expected.length, 100)
    for (const number of expected) {
        assert.deepEqual(texts(await pull.receive()), [number])
    }
})

limited("receives are served in order, cancelled ones passed over", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    const control = new AbortController()
    const receives = [pull.receive(), pull.receive({signal: control.signal}), pull.receive(), pull.receiveMany()]
    control.abort()
    await push.sendMany(["a", "b", "c"])
    await assert.rejects(receives[1], {name: "AbortError"})
    assert.deepEqual(texts(await receives[0]), ["a"])
    assert.deepEqual(texts(await receives[2]), ["b"])
    assert.deepEqual(texts((await receives[3])[0]), ["c"])
})

limited("a time limit does not hide what is there", async ({pair, signal}) => {
    const [pull, push] = await pair("Pull", "Push")
    await push.send("there")
    await until(() => pull.readable, signal)
    const other = pull.receive()
    assert.deepEqual(texts(await other), ["there"])
    const waiting = pull.receive({timeout: 5})
    await push.send("while busy")
    // The loop is blocked beyond the limit; the timer fires first.
    const begin = performance.now()
    while (performance.now() - begin < 50) {}
    assert.deepEqual(texts(await waiting), ["while busy"])
})

limited("an iteration ends when the socket is closed", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    await push.sendMany(["1", "2", "3"])
    const seen = []
    for await (const [message] of pull) {
        seen.push(String(message))
        if (seen.length === 3) {
            setImmediate(() => pull.close())
        }
    }
    assert.deepEqual(seen, ["1", "2", "3"])
    for await (const message of pull) {
        assert.fail(`a message of a closed socket: ${message}`)
    }
})

limited("an iteration ends when the context is shut down", async ({endpoint}) => {
    const context = new zmq.Context()
    const pull = new zmq.Pull({context})
    await pull.bind(endpoint("tcp"))
    setImmediate(() => context.shutdown())
    for await (const message of pull) {
        assert.fail(String(message))
    }
    pull.close()
    await context.terminate()
})

limited("an iteration passes other errors on", async ({open}) => {
    await assert.rejects(async () => {
        for await (const message of open("Request")) {
            assert.fail(String(message))
        }
    }, {code: "EFSM"})
})

limited("leaving an iteration loses nothing", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    const total = 10_000
    const sending = push.sendMany(Array.from({length: total}, (_, number) => String(number)))
    for (let number = 0; number < total; number += 1) {
        for await (const [message] of pull) {
            assert.equal(String(message), String(number))
            break
        }
    }
    await sending
})

limited("returning while next waits takes no message", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    const messages = pull[Symbol.asyncIterator]()
    const waiting = [messages.next(), messages.next()]
    await messages.return()
    await push.send("kept")
    assert.deepEqual(await Promise.all(waiting), Array(2).fill({done: true, value: undefined}))
    assert.deepEqual(await messages.next(), {done: true, value: undefined})
    assert.deepEqual(texts(await pull.receive()), ["kept"])
})

limited("timers have their turn while messages flow", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push", "inproc")
    let ticks = 0
    const timer = setInterval(() => (ticks += 1), 0)
    let sent = 0
    let received = 0
    const receiving = (async () => {
        for await (const _ of pull) {
            received += 1
            if (received >= 20_000 && ticks >= 3) {
                return
            }
        }
    })()
    // On a machine of any speed: until there were ticks, or too many messages without them.
    while (sent < 20_000 || (ticks < 3 && sent < 10_000_000)) {
        await push.send("x")
        sent += 1
    }
    clearInterval(timer)
    assert.ok(ticks >= 3, `${ticks} ticks`)
    await push.send("the last")
    await receiving
})

limited("batches", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push")
    const total = 5_000
    const messages = Array.from({length: total}, (_, number) => [String(number), Buffer.alloc(number % 100)])
    const sending = push.sendMany(messages)
    const received = []
    while (received.length < total) {
        const batch = await pull.receiveMany(64)
        assert.ok(batch.length >= 1 && batch.length <= 64)
        received.push(...batch)
    }
    await sending
    received.forEach(([number, body], index) => {
        assert.equal(String(number), String(index))
        assert.equal(body.length, index % 100)
    })
    await assert.rejects(pull.receiveMany(0), TypeError)
})

limited("a batch that is late or cancelled says how much was sent", async ({open, endpoint}) => {
    const push = open("Push", {sendHighWaterMark: 5})
    const pull = open("Pull", {receiveHighWaterMark: 5})
    await pull.bind(endpoint("inproc"))
    push.connect(pull.lastEndpoint)
    const messages = Array.from({length: 100}, (_, number) => String(number))
    const {reason} = (await Promise.allSettled([push.sendMany(messages, {timeout: 10})]))[0]
    assert.equal(reason.code, "EAGAIN")
    assert.ok(reason.sent > 0 && reason.sent < 100, String(reason.sent))
    for (let number = 0; number < reason.sent; number += 1) {
        assert.deepEqual(texts(await pull.receive()), [String(number)])
    }
    await assert.rejects(pull.receive({timeout: 0}), {code: "EAGAIN"})
})

limited("each batch that is late says how much of it was sent", async ({open, endpoint}) => {
    const push = open("Push", {sendHighWaterMark: 2})
    const pull = open("Pull", {receiveHighWaterMark: 2})
    await pull.bind(endpoint("inproc"))
    push.connect(pull.lastEndpoint)
    const batches = [0, 1].map(() => push.sendMany(Array(20).fill("x")))
    push.close()
    const ends = await Promise.allSettled(batches)
    const sent = ends.map(({reason}) => reason.sent)
    assert.ok(sent[0] > 0 && sent[1] === 0, String(sent))
    assert.equal(push.stats().sent_accepted, sent[0])
})

limited("any number is a limit, or is refused", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push", "inproc")
    for (const most of [2 ** 32, Infinity, Number.MAX_SAFE_INTEGER]) {
        await push.send("x")
        assert.deepEqual((await pull.receiveMany(most)).map(texts), [["x"]])
    }
    for (const forever of [Infinity, 2 ** 31, 1e10]) {
        const waiting = pull.receive({timeout: forever})
        // Later than a timer that took the number for another.
        await new Promise((resolve) => setTimeout(resolve, 10))
        await push.send("y")
        assert.deepEqual(texts(await waiting), ["y"])
    }
    for (const wrong of [{timeout: NaN}, {timeout: "10"}, {timeout: 5n}, {signal: {}, timeout: 1}, {signal: 1}]) {
        await assert.rejects(pull.receive(wrong), TypeError)
        await assert.rejects(pull.receiveMany(1, wrong), TypeError)
    }
})

limited("overlapping calls of an iterator can be ended", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push", "inproc")
    const messages = pull[Symbol.asyncIterator]()
    let next = messages.next()
    for (let number = 0; number < 100; number += 1) {
        const after = messages.next()
        await push.send(String(number))
        assert.deepEqual(texts((await next).value), [String(number)])
        next = after
    }
    await messages.return()
    assert.deepEqual(await next, {done: true, value: undefined})
    await push.send("kept")
    assert.deepEqual(texts(await pull.receive()), ["kept"])
})

limited("sends wait for room, in order", async ({pair}) => {
    const [pull, push] = await pair("Pair", "Pair", "inproc", {sendHighWaterMark: 2, receiveHighWaterMark: 2})
    const sends = Array.from({length: 100}, (_, number) => push.send([String(number), "body"]))
    for (let number = 0; number < 100; number += 1) {
        assert.deepEqual(texts(await pull.receive()), [String(number), "body"])
    }
    await Promise.all(sends)
})

limited("what goes through is accounted for", async ({pair, signal}) => {
    const [pull, push] = await pair("Pull", "Push")
    await push.sendMany(Array(100).fill("x"))
    for (let number = 0; number < 60; number += 1) {
        await pull.receive()
    }
    await until(() => pull.stats().recv_accepted === 100, signal)
    const [sent, received] = [push.stats(), pull.stats()]
    assert.equal(sent.sent_accepted, 100)
    assert.equal(received.recv_delivered + received.recv_queued, 100)
    pull.close()
    const after = pull.stats()
    const dropped = Object.keys(after).filter((name) => name.startsWith("recv_dropped_"))
    assert.equal(after.recv_accepted, dropped.reduce((sum, name) => sum + after[name], after.recv_delivered))
})

limited("disposal closes", async ({endpoint}) => {
    const one = new zmq.Pair()
    one[Symbol.dispose]()
    assert.ok(one.closed)
    const context = new zmq.Context()
    const other = new zmq.Pair({context})
    await other.bind(endpoint("tcp"))
    await other[Symbol.asyncDispose]()
    assert.ok(other.closed)
    await context[Symbol.asyncDispose]()
})
