// Errors: their class, code, number, and what they tell.

import assert from "node:assert/strict"

import * as zmq from "ohmq"

import {limited, texts} from "./support/common.mjs"

limited("an error tells code, number, operation and subject", async ({open, endpoint}) => {
    const one = open("Reply")
    const other = open("Reply")
    await one.bind(endpoint("tcp"))
    const address = one.lastEndpoint
    await assert.rejects(other.bind(address), (error) => {
        assert.ok(error instanceof zmq.ZmqError && error instanceof Error)
        assert.equal(error.name, "ZmqError")
        assert.equal(error.code, "EADDRINUSE")
        assert.equal(error.errno, zmq.ErrorCode.EADDRINUSE)
        assert.equal(error.operation, "bind")
        assert.equal(error.subject, address)
        assert.equal(error.address, address)
        assert.match(error.message, /^EADDRINUSE: Address already in use \(bind tcp:/)
        return true
    })
    assert.throws(() => other.bindSync(address), {code: "EADDRINUSE"})
})

const endpoints = [
    ["bindSync", "", "EINVAL"],
    ["bindSync", "tcp://127.0.0.1", "EINVAL"],
    ["bindSync", "foo://x", "EPROTONOSUPPORT"],
    ["bindSync", "tcp://nosuchif0:0", "ENODEV"],
    ["bindSync", "ipc:///nonexistent-folder/x", "ENOENT"],
    ["connect", "tcp://*:5555", "EINVAL"],
    ["connect", "foo://x", "EPROTONOSUPPORT"],
    ["unbindSync", "tcp://127.0.0.1:5555", "ENOENT"],
    ["disconnect", "tcp://127.0.0.1:5555", "ENOENT"],
]
for (const [method, address, code] of endpoints) {
    limited(`${method} ${JSON.stringify(address)} fails with ${code}`, ({open}) => {
        assert.throws(() => open("Request")[method](address), {code, errno: zmq.ErrorCode[code]})
    })
}

limited("out of turn", async ({pair}) => {
    const [reply, request] = await pair("Reply", "Request")
    await assert.rejects(request.receive(), {code: "EFSM"})
    await assert.rejects(reply.send("x"), {code: "EFSM"})
    await request.send("x")
    await assert.rejects(request.send("y"), {code: "EFSM"})
    await reply.receive()
    await assert.rejects(reply.receive(), {code: "EFSM"})
    await reply.send("z")
    assert.deepEqual(texts(await request.receive()), ["z"])
})

limited("the wrong direction", async ({open}) => {
    const pull = open("Pull")
    await assert.rejects(pull.send("x"), {code: "ENOTSUP"})
    await assert.rejects(pull.sendMany(["x"]), {code: "ENOTSUP", sent: 0})
    const push = open("Push")
    await assert.rejects(push.receive(), {code: "ENOTSUP"})
    await assert.rejects(push.receiveMany(), {code: "ENOTSUP"})
})

limited("a mandatory router and an unknown peer", async ({open, endpoint}) => {
    const router = open("Router", {mandatory: true})
    await router.bind(endpoint("tcp"))
    await assert.rejects(router.send(["nobody", "x"]), {code: "EHOSTUNREACH"})
})

limited("types without an implementation, and without a name", () => {
    assert.throws(() => new zmq.Socket(zmq.SocketType.Stream), {code: "ENOTSUP"})
    assert.throws(() => new zmq.Socket(99), {code: "EINVAL"})
})

limited("a closed socket", async ({open}) => {
    const dealer = open("Dealer")
    assert.equal(dealer.closed, false)
    dealer.close()
    dealer.close()
    assert.equal(dealer.closed, true)
    const code = "ENOTSOCK"
    await assert.rejects(dealer.send("x"), {code})
    await assert.rejects(dealer.sendMany(["x"]), {code})
    await assert.rejects(dealer.receive(), {code})
    await assert.rejects(dealer.receiveMany(), {code})
    await assert.rejects(dealer.bind("tcp://127.0.0.1:*"), {code})
    assert.throws(() => dealer.connect("tcp://127.0.0.1:1"), {code})
    assert.throws(() => dealer.linger, {code})
    assert.throws(() => (dealer.linger = 1), {code})
    assert.throws(() => dealer.readable, {code})
    assert.equal(dealer.stats().sent_accepted, 0)
})

limited("what waits when the socket is closed", async ({open, endpoint}) => {
    const dealer = open("Dealer")
    await dealer.bind(endpoint("tcp"))
    const waiting = [dealer.receive(), dealer.receiveMany(), dealer.send("x"), dealer.sendMany(["x"])]
    dealer.close()
    for (const result of await Promise.allSettled(waiting)) {
        assert.equal(result.reason?.code, "EAGAIN")
    }
})

limited("a context that was shut down", async () => {
    const context = new zmq.Context()
    const pull = new zmq.Pull({context})
    await pull.bind("tcp://127.0.0.1:*")
    const waiting = pull.receive()
    context.shutdown()
    await assert.rejects(waiting, {code: "ETERM"})
    await assert.rejects(pull.receive(), {code: "ETERM"})
    assert.throws(() => new zmq.Pull({context}), {code: "ETERM"})
    const ended = context.terminate()
    pull.close()
    await ended
})

limited("termination waits for what is to be sent", async ({open, endpoint}) => {
    const context = new zmq.Context()
    const push = new zmq.Push({context})
    const address = endpoint("ipc")
    push.connect(address)
    await push.send("last words")
    push.close()
    let ended = false
    const termination = context.terminate().then(() => (ended = true))
    assert.equal(ended, false)
    const pull = open("Pull")
    await pull.bind(address)
    assert.deepEqual(texts(await pull.receive()), ["last words"])
    await termination
})
