// When the process and its workers may end, and what happens to their sockets then.

import assert from "node:assert/strict"
import {spawn} from "node:child_process"
import {fileURLToPath} from "node:url"
import {Worker} from "node:worker_threads"

import * as zmq from "ohmq"

import {limited, texts, until} from "./support/common.mjs"

const here = fileURLToPath(new URL(".", import.meta.url))

/** Runs a program with the package in scope; its output, status and time. */
function run(code, flags = []) {
    const program = `import * as zmq from "ohmq"\n${code}`
    const child = spawn(process.execPath, [...flags, "--input-type=module", "--eval", program], {cwd: here})
    const begin = performance.now()
    let output = ""
    let errors = ""
    child.stdout.on("data", (data) => (output += data))
    child.stderr.on("data", (data) => (errors += data))
    return new Promise((resolve) => {
        child.on("close", (status, signal) =>
            resolve({status, signal, output, errors, took: performance.now() - begin}),
        )
    })
}

function worker(code, options = {}) {
    const program = `import("ohmq").then(async (zmq) => {\nconst {parentPort, workerData} = require("node:worker_threads")\n${code}\n})`
    return new Worker(program, {eval: true, ...options})
}

function ended(thread) {
    return new Promise((resolve) => thread.on("exit", resolve).on("error", () => {}))
}

const programs = [
    ["an idle socket", `const s = new zmq.Pull(); await s.bind("tcp://127.0.0.1:*")`],
    [
        "a socket whose receives were cancelled",
        `const s = new zmq.Pull(); await s.bind("tcp://127.0.0.1:*")
         const control = new AbortController()
         const waiting = s.receive({signal: control.signal}).catch(() => {})
         setImmediate(() => control.abort()); await waiting`,
    ],
    [
        "a socket that has received",
        `const a = new zmq.Pair(), b = new zmq.Pair(); await a.bind("inproc://x"); b.connect("inproc://x")
         setImmediate(() => b.send("x")); await a.receive()`,
    ],
    ["a socket that was closed while it waited", `const s = new zmq.Pull(); s.receive().catch(() => {}); s.close()`],
    ["no socket", ``],
]
for (const [name, code] of programs) {
    limited(`${name} keeps no process alive`, async () => {
        const {status, signal, errors} = await run(code)
        assert.deepEqual([status, signal, errors], [0, null, ""])
    })
}

limited("a receive that waits keeps the process alive until it is done", async () => {
    const {status, output} = await run(`
        const a = new zmq.Pair(), b = new zmq.Pair()
        await a.bind("tcp://127.0.0.1:*"); b.connect(a.lastEndpoint)
        setTimeout(() => b.send("x"), 200).unref()
        console.log(String(await Promise.race([a.receive()])))`)
    // The timer alone would not have kept it: the receive did.
    assert.deepEqual([status, output], [0, "x\n"])
})

limited("messages go out at the end of the program", async ({open, endpoint}) => {
    const pull = open("Pull")
    await pull.bind(endpoint("tcp"))
    const {status, errors} = await run(`
        const s = new zmq.Push(); s.connect("${pull.lastEndpoint}")
        await s.sendMany(Array.from({length: 900}, (_, number) => [String(number), Buffer.alloc(1000)]))`)
    assert.deepEqual([status, errors], [0, ""])
    for (let number = 0; number < 900; number += 1) {
        assert.equal(String((await pull.receive())[0]), String(number))
    }
})

limited("what cannot go out holds the end up for a second, and is reported", async () => {
    const {status, errors, took} = await run(`
        const s = new zmq.Push(); s.connect("ipc:///nonexistent-folder/x"); await s.send("x")`)
    assert.equal(status, 0)
    assert.match(errors, /unsent/)
    assert.ok(took < 10_000, `${took} ms`)
})

limited("process.exit ends at once, whatever waits", async () => {
    const {status, signal} = await run(`
        const s = new zmq.Dealer(); await s.bind("tcp://127.0.0.1:*")
        s.receive(); s.send("x"); zmq.context.terminate()
        setImmediate(() => process.exit(7))`)
    assert.deepEqual([status, signal], [7, null])
})

limited("an exception in what follows a receive is an uncaught one", async () => {
    const {status, errors} = await run(`
        const a = new zmq.Pair(), b = new zmq.Pair(); await a.bind("tcp://127.0.0.1:*"); b.connect(a.lastEndpoint)
        a.receive().then(() => { throw new Error("mine") })
        b.send("x")`)
    assert.equal(status, 1)
    assert.match(errors, /Error: mine/)
})

limited("sockets nobody holds are collected and closed", async () => {
    const {status, output, errors} = await run(
        `
        const context = new zmq.Context({maxSockets: 50})
        const turn = () => new Promise(setImmediate)
        let made = 0, refused = 0
        for (let round = 0; round < 2000 && made < 500; round += 1) {
            try {
                const s = new zmq.Pair({context})
                await s.receive({timeout: 0}).catch(() => {})
                const control = new AbortController()
                const waiting = s.receive({signal: control.signal}).catch(() => {})
                control.abort()
                await waiting
                made += 1
            } catch (error) {
                if (error.code !== "EMFILE") throw error
                refused += 1
                globalThis.gc()
                await turn()
            }
        }
        console.log(made)`,
        ["--expose-gc"],
    )
    assert.deepEqual([status, output, errors], [0, "500\n", ""])
})

limited("a socket that waits is not collected", async () => {
    const {status, output} = await run(
        `
        const b = new zmq.Pair({linger: 0}); await b.bind("tcp://127.0.0.1:*")
        const wait = () => { const a = new zmq.Pair(); a.connect(b.lastEndpoint); return a.receive() }
        const waiting = wait()
        for (let round = 0; round < 5; round += 1) { globalThis.gc(); await new Promise(setImmediate) }
        await b.send("there")
        console.log(String(await waiting))`,
        ["--expose-gc"],
    )
    assert.deepEqual([status, output], [0, "there\n"])
})

limited("workers share the global context", async ({open, endpoint}) => {
    const reply = open("Reply")
    const address = endpoint("inproc")
    await reply.bind(address)
    const thread = worker(
        `const s = new zmq.Request(); s.connect(workerData); await s.send("from a worker")
         parentPort.postMessage(String((await s.receive())[0]))`,
        {workerData: address},
    )
    const answer = new Promise((resolve, reject) => thread.on("message", resolve).on("error", reject))
    assert.deepEqual(texts(await reply.receive()), ["from a worker"])
    await reply.send("to a worker")
    assert.equal(await answer, "to a worker")
    assert.equal(await ended(thread), 0)
})

limited("the end of a worker closes its sockets and no others", async ({open, endpoint, signal}) => {
    const mine = open("Pull")
    const address = endpoint("inproc")
    await mine.bind(address)
    const thread = worker(
        `globalThis.s = new zmq.Pull(); await globalThis.s.bind("inproc://of-the-worker")
         globalThis.t = new zmq.Push(); globalThis.t.connect(workerData); await globalThis.t.send("x")
         parentPort.postMessage("ready")`,
        {workerData: address},
    )
    await ended(thread)
    assert.deepEqual(texts(await mine.receive()), ["x"])
    // The name is free again.
    const other = open("Pull")
    await until(async () => {
        try {
            other.bindSync("inproc://of-the-worker")
            return true
        } catch (error) {
            assert.equal(error.code, "EADDRINUSE")
            return false
        }
    }, signal)
})

const ends = {
    terminate: `setTimeout(() => {}, 1e6)`,
    exit: `setImmediate(() => process.exit(3))`,
    throw: `setImmediate(() => { throw new Error("on purpose") })`,
    naturally: `setImmediate(() => { for (const s of sockets) s.close() })`,
}
for (const [way, code] of Object.entries(ends)) {
    limited(
        `40 workers under load end: ${way}`,
        async () => {
            for (let round = 0; round < 10; round += 1) {
                const threads = Array.from({length: 4}, () =>
                    worker(`
                        const push = new zmq.Push({linger: 0}), pull = new zmq.Pull({linger: 0})
                        const sockets = [push, pull]
                        await pull.bind("tcp://127.0.0.1:*"); push.connect(pull.lastEndpoint)
                        const quiet = () => {}
                        ;(async () => { for (;;) await push.send("x".repeat(100)) })().catch(quiet)
                        ;(async () => { for await (const m of pull) { m } })().catch(quiet)
                        new zmq.Reply().receive().catch(quiet)
                        zmq.context.ioThreads
                        parentPort.postMessage("ready")
                        ${code}`),
                )
                const all = threads.map(async (thread) => {
                    const exit = ended(thread)
                    await Promise.race([new Promise((resolve) => thread.once("message", resolve)), exit])
                    if (way === "terminate") {
                        await thread.terminate()
                    } else if (way === "naturally") {
                        // One receive still waits, on a socket that only the end of the thread closes.
                        setTimeout(() => thread.terminate(), 20)
                    }
                    await exit
                })
                await Promise.all(all)
            }
            // The process is well: its own sockets work.
            const [a, b] = [new zmq.Pair({linger: 0}), new zmq.Pair({linger: 0})]
            await a.bind("tcp://127.0.0.1:*")
            b.connect(a.lastEndpoint)
            await b.send("well")
            assert.deepEqual(texts(await a.receive()), ["well"])
            a.close()
            b.close()
        },
        100_000,
    )
}
