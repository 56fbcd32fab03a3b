// Other libraries at the other end: zeromq.js on libzmq in both roles, and OhMQ's testee in Rust.

import assert from "node:assert/strict"
import {spawn} from "node:child_process"
import {existsSync} from "node:fs"
import {createInterface} from "node:readline"
import test from "node:test"
import {fileURLToPath} from "node:url"

import {limited, texts, until} from "./support/common.mjs"

const peer = fileURLToPath(new URL("support/peer.mjs", import.meta.url))

/** A process that is talked to in lines. */
class Lines {
    #child
    #lines

    constructor(command, words) {
        this.#child = spawn(command, words, {stdio: ["pipe", "pipe", "inherit"]})
        this.#lines = createInterface({input: this.#child.stdout})[Symbol.asyncIterator]()
    }

    write(line) {
        this.#child.stdin.write(`${line}\n`)
    }

    async read() {
        const {value, done} = await this.#lines.next()
        assert.ok(!done, "the peer has ended")
        return value
    }

    async end() {
        const ended = new Promise((resolve) => this.#child.on("exit", resolve))
        this.#child.kill()
        await ended
    }
}

const hex = (...parts) => parts.map((part) => Buffer.from(part).toString("hex")).join(" ")

/** One test per transport and role: our socket of a class, theirs of another, with a task. */
function withPeer(name, [ours, theirs, task], body) {
    for (const transport of ["tcp", "ipc"]) {
        for (const role of ["bind", "connect"]) {
            limited(`zeromq.js ${role}s, ${transport}: ${name}`, async (tools) => {
                const socket = tools.open(ours)
                let lines
                try {
                    if (role === "bind") {
                        lines = new Lines(process.execPath, [peer, theirs, role, tools.endpoint(transport), task])
                        socket.connect(await lines.read())
                    } else {
                        await socket.bind(tools.endpoint(transport))
                        lines = new Lines(process.execPath, [peer, theirs, role, socket.lastEndpoint, task])
                        await lines.read()
                    }
                    await body(socket, lines, tools)
                } finally {
                    await lines?.end()
                }
            })
        }
    }
}

const sizes = [0, 1, 255, 256, 8_192, 65_536, 1_048_576]

withPeer("we request", ["Request", "Reply", "echo"], async (socket) => {
    for (const size of sizes) {
        const sent = [Buffer.alloc(size, size % 251), "second"]
        await socket.send(sent)
        const received = await socket.receive()
        assert.ok(received[0].equals(sent[0]) && String(received[1]) === "second", `${size} bytes`)
    }
})

withPeer("we reply", ["Reply", "Request", "ask"], async (socket, lines) => {
    for (const size of sizes) {
        const body = Buffer.alloc(size, size % 251)
        lines.write(hex(body, "second"))
        const received = await socket.receive()
        assert.ok(received[0].equals(body))
        await socket.send([received[0].subarray(0, 3), "answer"])
        assert.equal(await lines.read(), hex(body.subarray(0, 3), "answer"))
    }
})

withPeer("we are the dealer", ["Dealer", "Router", "echo"], async (socket) => {
    await socket.sendMany(Array.from({length: 500}, (_, number) => ["", String(number)]))
    for (let number = 0; number < 500; number += 1) {
        assert.deepEqual(texts(await socket.receive()), ["", String(number)])
    }
})

withPeer("we are the router", ["Router", "Dealer", "ask"], async (socket, lines) => {
    lines.write(hex("question"))
    const [id, question] = await socket.receive()
    assert.equal(String(question), "question")
    await socket.send([id, "answer"])
    assert.equal(await lines.read(), hex("answer"))
})

withPeer("we publish", ["Publisher", "Subscriber", "print"], async (socket, lines, {signal}) => {
    await until(() => socket.topicsCount === 2, signal)
    for (const topic of ["ab", "c", "b", "d", "a"]) {
        await socket.send([topic, "news"])
    }
    for (const topic of ["ab", "b", "a"]) {
        assert.equal(await lines.read(), hex(topic, "news"))
    }
})

withPeer("we subscribe", ["Subscriber", "XPublisher", "send"], async (socket, lines) => {
    socket.subscribe("a", "b")
    // The subscription is on its way: publish until it has arrived, then count on it.
    let arrived = false
    const publishing = (async () => {
        while (!arrived) {
            lines.write(hex("a first"))
            await new Promise((resolve) => setTimeout(resolve, 5))
        }
    })()
    await socket.receive()
    arrived = true
    await publishing
    for (const topic of ["c", "b", "a last"]) {
        lines.write(hex(topic, "news"))
    }
    const received = []
    for await (const [topic] of socket) {
        if (String(topic) !== "a first") {
            received.push(String(topic))
        }
        if (String(topic) === "a last") {
            break
        }
    }
    assert.deepEqual(received, ["b", "a last"])
})

withPeer("our xpublisher sees its subscriptions", ["XPublisher", "Subscriber", "print"], async (socket, lines) => {
    const seen = [await socket.receive(), await socket.receive()].flatMap(texts)
    assert.deepEqual(seen.sort(), ["\x01a", "\x01b"])
    await socket.send(["a", "news"])
    assert.equal(await lines.read(), hex("a", "news"))
})

withPeer("we push", ["Push", "Pull", "print"], async (socket, lines) => {
    await socket.sendMany(Array.from({length: 1000}, (_, number) => String(number)))
    for (let number = 0; number < 1000; number += 1) {
        assert.equal(await lines.read(), hex(String(number)))
    }
})

withPeer("we pull", ["Pull", "Push", "send"], async (socket, lines) => {
    for (let number = 0; number < 1000; number += 1) {
        lines.write(hex(String(number)))
    }
    for (let number = 0; number < 1000; number += 1) {
        assert.deepEqual(texts(await socket.receive()), [String(number)])
    }
})

withPeer("a pair", ["Pair", "Pair", "echo"], async (socket) => {
    await socket.send(["there", "", "and back"])
    assert.deepEqual(texts(await socket.receive()), ["there", "", "and back"])
})

const testee = process.env.OHMQ_TESTEE
if (testee === undefined || !existsSync(testee)) {
    test("the Rust testee", {skip: "OHMQ_TESTEE names no program"}, () => {})
} else {
    limited("the Rust testee answers and asks", async ({open}) => {
        const lines = new Lines(testee, [])
        let id = 0
        const ask = async (op, fields) => {
            id += 1
            lines.write(JSON.stringify({id, op, ...fields}))
            const answer = JSON.parse(await lines.read())
            assert.equal(answer.error, undefined, answer.message)
            return answer.ok
        }
        try {
            await ask("context", {context: "c"})
            await ask("socket", {socket: "rep", context: "c", type: "REP"})
            const endpoint = await ask("bind", {socket: "rep", endpoint: "tcp://127.0.0.1:*"})
            const request = open("Request")
            request.connect(endpoint)
            await request.send(["question", Buffer.alloc(100_000, 7)])
            const {parts} = await ask("recv", {socket: "rep", timeout_ms: 10_000})
            assert.equal(parts[0], hex("question"))
            assert.equal(parts[1].len, 100_000)
            await ask("send", {socket: "rep", parts: [hex("answer")], timeout_ms: 10_000})
            assert.deepEqual(texts(await request.receive()), ["answer"])

            const router = open("Router")
            await router.bind("tcp://127.0.0.1:*")
            await ask("socket", {socket: "d", context: "c", type: "DEALER", options: {routing_id: {hex: "6d65"}}})
            await ask("connect", {socket: "d", endpoint: router.lastEndpoint})
            await ask("send", {socket: "d", parts: [hex("hello")], timeout_ms: 10_000})
            assert.deepEqual(texts(await router.receive()), ["me", "hello"])
            await router.send(["me", "hello back"])
            const back = await ask("recv", {socket: "d", timeout_ms: 10_000})
            assert.deepEqual(back.parts, [hex("hello back")])
        } finally {
            await lines.end()
        }
    })
}
