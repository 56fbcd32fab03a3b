// What all tests use: sockets that are closed afterwards, fresh endpoints, time limits.

import {mkdtempSync, rmSync} from "node:fs"
import {tmpdir} from "node:os"
import {join} from "node:path"
import test from "node:test"

import * as zmq from "ohmq"

/** A test that may take so long at most. */
export function limited(name, body, timeout = 30_000) {
    return test(name, {timeout}, async (t) => {
        const open = []
        const folder = mkdtempSync(join(tmpdir(), "ohmq-"))
        const tools = {
            /** A socket without linger that is closed at the end. */
            open(name, options = {}) {
                const socket = new zmq[name]({linger: 0, ...options})
                open.push(socket)
                return socket
            },
            /** Two sockets that are connected over a transport. */
            async pair(bound, connected, transport = "tcp", options = {}) {
                const one = tools.open(bound, options)
                const other = tools.open(connected, options)
                await one.bind(tools.endpoint(transport))
                other.connect(one.lastEndpoint)
                return [one, other]
            },
            endpoint(transport) {
                names += 1
                return {
                    tcp: "tcp://127.0.0.1:*",
                    ipc: `ipc://${join(folder, `s${names}`)}`,
                    inproc: `inproc://test-${process.pid}-${names}`,
                }[transport]
            },
            signal: t.signal,
            folder,
        }
        try {
            // What hangs is given up at the time limit, so that its sockets do not keep the process alive.
            const late = new Promise((_, reject) => {
                t.signal.addEventListener("abort", () => reject(t.signal.reason), {once: true})
            })
            await Promise.race([body(tools, t), late])
        } finally {
            open.forEach((socket) => socket.close())
            rmSync(folder, {recursive: true, force: true})
        }
    })
}

let names = 0

export const transports = ["tcp", "ipc", "inproc"]

export function texts(parts) {
    return parts.map(String)
}

/** Waits until a condition holds, looking once per turn of the loop; the test's time limit bounds it. */
export async function until(condition, signal) {
    while (!(await condition())) {
        signal?.throwIfAborted()
        await new Promise((resolve) => setTimeout(resolve, 1))
    }
}

/** A publisher whose subscriber's subscription has arrived. */
export async function subscribed(publisher, subscriber, signal) {
    await until(() => publisher.topicsCount > 0, signal)
}
