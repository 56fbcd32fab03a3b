// What sockets leave each other, the event loop and the process.

import assert from "node:assert/strict"
import {readdirSync} from "node:fs"
import {performance} from "node:perf_hooks"
import {setImmediate as turn, setTimeout as pause} from "node:timers/promises"
import {Worker} from "node:worker_threads"

import * as zmq from "ohmq"
import {limited, texts, until} from "./support/common.mjs"

const noDescriptors = process.platform === "linux" ? false : "descriptors are counted on Linux only"
const noLoopCount = performance.nodeTiming.uvMetricsInfo ? false : "this Node does not count the turns of its loop"

limited("a busy socket leaves the others their turns", async ({open, pair}) => {
    const publisher = open("Publisher")
    const [reply, request] = await pair("Reply", "Request")
    let busy = true
    const flooding = (async () => {
        while (busy) {
            await publisher.send("nobody wants this")
        }
    })()
    const serving = (async () => {
        for (let round = 0; round < 50; round += 1) {
            await reply.send(await reply.receive())
        }
    })()
    for (let round = 0; round < 50; round += 1) {
        await request.send(String(round))
        assert.deepEqual(texts(await request.receive()), [String(round)])
    }
    await serving
    busy = false
    await flooding
})

limited("receives that fill a turn leave the sends theirs", async ({open, endpoint}) => {
    const [one, other] = [open("Pair", {sendHighWaterMark: 1}), open("Pair", {receiveHighWaterMark: 1})]
    await one.bind(endpoint("inproc"))
    other.connect(one.lastEndpoint)
    const total = 1_500
    await Promise.all(Array.from({length: total}, () => other.send("x")))
    while (await one.send("x", {timeout: 0}).then(() => true, () => false)) {}
    const waiting = one.send("late")
    let received = 0
    const receives = Array.from({length: total}, () => one.receive().then(() => (received += 1)))
    // Now there is room for it, and more to receive than fits into a turn.
    await other.receive()
    await waiting
    assert.ok(received < total, `after ${received} receives`)
    await Promise.all(receives)
})

limited("a context is terminated twice", async () => {
    const context = new zmq.Context()
    await Promise.all([context.terminate(), context.terminate()])
    await context.terminate()
})

/** A mandatory router with two peers, `full` and `free`, which have said that they are there. */
async function routing({open, endpoint}, transport) {
    const router = open("Router", {mandatory: true, sendHighWaterMark: 1})
    await router.bind(endpoint(transport))
    const peers = ["full", "free"].map((routingId) => {
        const dealer = open("Dealer", {routingId, receiveHighWaterMark: 1})
        dealer.connect(router.lastEndpoint)
        return dealer
    })
    for (const dealer of peers) {
        await dealer.send("here")
        await router.receive()
    }
    return [router, ...peers]
}

/** Whether the loop rests, by the turns that it takes. */
async function resting(t) {
    if (noLoopCount) {
        t.diagnostic(noLoopCount)
        return
    }
    await pause(50)
    const before = performance.nodeTiming.uvMetricsInfo.loopCount
    await pause(200)
    const turns = performance.nodeTiming.uvMetricsInfo.loopCount - before
    assert.ok(turns < 20, `${turns} turns of the loop`)
}

for (const transport of ["inproc", "tcp"]) {
    limited(`a send that waits for one of many lets the loop rest: ${transport}`, async (tools, t) => {
        const [router, full] = await routing(tools, transport)
        const body = Buffer.alloc(256 * 1024)
        let sent = 0
        while (await router.send(["full", body], {timeout: 0}).then(() => true, () => false)) {
            sent += 1
        }
        const waiting = router.send(["full", body])
        await resting(t)
        await router.send(["free", "meanwhile"], {timeout: 0}).catch(({code}) => assert.equal(code, "EAGAIN"))
        for (let number = 0; number < sent; number += 1) {
            await full.receive()
        }
        await waiting
        assert.equal((await full.receive())[0].length, body.length)
    })
}

limited("a batch of long messages that waits for one of many lets the loop rest", async (tools, t) => {
    const [router, full] = await routing(tools, "inproc")
    // More bytes than a turn has: what is refused must not count as done.
    const batch = Array(20).fill(["full", Buffer.alloc(256 * 1024)])
    const waiting = router.sendMany(batch)
    await resting(t)
    for (const [, body] of batch) {
        assert.equal((await full.receive())[0].length, body.length)
    }
    await waiting
})

limited("a closed socket keeps no descriptors", async ({open, pair, signal}, t) => {
    if (noDescriptors) {
        return t.skip(noDescriptors)
    }
    const count = () => readdirSync("/proc/self/fd").length
    // What the context needs is there from the first connection on, and a message has come through both ends of it.
    const [one, other] = await pair("Pair", "Pair")
    await one.send("x")
    await other.receive()
    const before = count()
    const waiting = []
    for (let round = 0; round < 30; round += 1) {
        const pull = open("Pull")
        await pull.bind("tcp://127.0.0.1:*")
        waiting.push(assert.rejects(pull.receive(), {code: "EAGAIN"}))
        pull.close()
    }
    await Promise.all(waiting)
    await until(() => count() <= before, signal)
})

limited("a worker's contexts end with it", async ({signal}, t) => {
    if (noDescriptors) {
        return t.skip(noDescriptors)
    }
    const threads = () => readdirSync("/proc/self/task").length
    const program = `
        const {createRequire} = require("node:module")
        const zmq = createRequire(${JSON.stringify(import.meta.url)})("ohmq")
        const pull = new zmq.Pull({context: new zmq.Context()})
        pull.bindSync("tcp://127.0.0.1:*")`
    const round = () =>
        new Promise((resolve, reject) => {
            const worker = new Worker(program, {eval: true})
            worker.on("error", reject)
            worker.on("exit", resolve)
        })
    await round()
    const before = threads()
    for (let number = 0; number < 5; number += 1) {
        await round()
    }
    await until(() => threads() <= before + 1, signal)
})

limited("a socket that closes in the middle of a busy turn ends what comes then", async ({pair}) => {
    const [pull, push] = await pair("Pull", "Push", "inproc")
    const sends = []
    for (let number = 0; number < 2_000; number += 1) {
        sends.push(push.send("x"))
    }
    await Promise.all(sends)
    const receives = []
    for (let number = 0; number < 1_000; number += 1) {
        receives.push(pull.receive({timeout: -1}).catch(({code}) => code))
    }
    pull.close()
    await assert.rejects(pull.receive({timeout: -1}), {code: "ENOTSOCK"})
    assert.ok((await Promise.all(receives)).every((end) => typeof end === "object" || end === "EAGAIN"))
    await turn()
})
