// The Node actor of the conformance scenarios. The protocol is in tests-polyglot/README.md.

import {closeSync, openSync, writeSync} from "node:fs"
import {createInterface} from "node:readline"
import {setImmediate as nextTurn, setTimeout as sleep} from "node:timers/promises"
import {crc32} from "node:zlib"

import * as zmq from "ohmq"

const SLICE_MS = 50
const SHORT_PART = 64
/** So many messages a service handles before it lets the command reader have its turn. */
const BATCH = 64

const classes = {
    PAIR: zmq.Pair,
    PUB: zmq.Publisher,
    SUB: zmq.Subscriber,
    REQ: zmq.Request,
    REP: zmq.Reply,
    DEALER: zmq.Dealer,
    ROUTER: zmq.Router,
    PULL: zmq.Pull,
    PUSH: zmq.Push,
    XPUB: zmq.XPublisher,
    XSUB: zmq.XSubscriber,
}
const otherTypes = {
    STREAM: zmq.SocketType.Stream,
    SERVER: zmq.SocketType.Server,
    CLIENT: zmq.SocketType.Client,
    RADIO: zmq.SocketType.Radio,
    DISH: zmq.SocketType.Dish,
    GATHER: zmq.SocketType.Gather,
    SCATTER: zmq.SocketType.Scatter,
    DGRAM: zmq.SocketType.Datagram,
    PEER: zmq.SocketType.Peer,
    CHANNEL: zmq.SocketType.Channel,
}

const contexts = new Map()
const sockets = new Map()
const services = new Map()

/** The payload `(seed + i) mod 251`. */
function pattern(seed, length) {
    const bytes = Buffer.allocUnsafe(length)
    for (let index = 0; index < length; index += 1) {
        bytes[index] = (seed + index) % 251
    }
    return bytes
}

function partIn(part) {
    return typeof part === "string" ? Buffer.from(part, "hex") : pattern(part.seed, part.len)
}

function partOut(part) {
    return part.length <= SHORT_PART ? part.toString("hex") : {len: part.length, crc32: crc32(part)}
}

function valueIn(value) {
    return typeof value === "object" && value !== null ? Buffer.from(value.hex, "hex") : value
}

function valueOut(value) {
    return Buffer.isBuffer(value) ? {hex: value.toString("hex")} : value
}

function named(map, name, what) {
    const found = map.get(name)
    if (found === undefined) {
        throw new Unsupported(`no ${what} ${name}`)
    }
    return found
}

class Unsupported extends Error {}

function failureOf(error) {
    if (error instanceof zmq.ZmqError) {
        return {error: error.code, message: error.message}
    }
    if (error instanceof Unsupported) {
        return {error: "UNSUPPORTED", message: error.message}
    }
    return {error: "EXCEPTION", message: `${error?.name ?? typeof error}: ${error?.message ?? error}`}
}

/** One background loop on one socket; the report is readable at any time. */
class Service {
    #socket
    #request
    #log
    #batch
    #stopping = false
    #done = false
    #failure = {}
    #count = 0
    #bytes = 0
    #digest = 0
    #unordered = 0
    #lastNumber = -1n
    #first = 0
    #last = 0
    #sinceTurn = 0
    #ended

    constructor(socket, request) {
        this.#socket = socket
        this.#request = request
        this.#log = request.log === undefined ? undefined : openSync(request.log, "a", 0o600)
        // With a log, each message is recorded before the next one is touched.
        this.#batch = this.#log === undefined ? BATCH : 1
        const loops = {echo: this.#echo, send: this.#send, receive: this.#receive}
        const loop = loops[request.kind]
        if (loop === undefined) {
            throw new Unsupported(`service ${request.kind}`)
        }
        this.#ended = this.#run(loop)
    }

    async report(timeout) {
        const giveUp = new AbortController()
        await Promise.race([this.#ended, sleep(timeout, undefined, {signal: giveUp.signal}).catch(() => {})])
        giveUp.abort()
        return this.#report()
    }

    async stop() {
        this.#stopping = true
        await this.#ended
        if (this.#log !== undefined) {
            closeSync(this.#log)
        }
        return this.#report()
    }

    async #run(loop) {
        try {
            await loop.call(this)
        } catch (error) {
            this.#failure = failureOf(error)
        }
        this.#done = true
    }

    async #echo() {
        while (!this.#stopping) {
            const messages = await this.#take(this.#batch)
            messages.forEach((parts) => this.#note(parts))
            this.#count += await this.#give(messages)
            await this.#breathe(messages.length)
        }
    }

    async #send() {
        const {start = 0, count = 0, size, prefix = []} = this.#request
        const topic = (prefix ?? []).map(partIn)
        while (!this.#stopping && (count === 0 || this.#count < count)) {
            const left = count === 0 ? this.#batch : Math.min(this.#batch, count - this.#count)
            const number = BigInt(start + this.#count)
            const messages = Array.from({length: left}, (_, index) => {
                const body = Buffer.alloc(size)
                body.writeBigUInt64BE(number + BigInt(index))
                return [...topic, body]
            })
            const before = performance.now()
            const sent = await this.#give(messages, (message) => this.#record(message.at(-1).readBigUInt64BE()))
            this.#stamp(before, sent)
            await this.#breathe(sent)
        }
    }

    async #receive() {
        const {count = 0} = this.#request
        while (!this.#stopping && (count === 0 || this.#count < count)) {
            const messages = await this.#take(count === 0 ? this.#batch : Math.min(this.#batch, count - this.#count))
            for (const parts of messages) {
                const body = parts.at(-1)
                this.#bytes += body.length
                this.#digest = (this.#digest + crc32(body)) >>> 0
                const number = this.#note(parts)
                this.#unordered += number <= this.#lastNumber ? 1 : 0
                this.#lastNumber = number
            }
            this.#stamp(performance.now(), messages.length)
            await this.#breathe(messages.length)
        }
    }

    /** Up to `max` messages; none when there were none in time. */
    async #take(max) {
        try {
            return await this.#socket.receiveMany(max, {timeout: SLICE_MS})
        } catch (error) {
            if (error?.code !== "EAGAIN") {
                throw error
            }
            return []
        }
    }

    /** Sends all, unless it is stopped before; says how many. */
    async #give(messages, sent = () => {}) {
        let done = 0
        while (!this.#stopping && done < messages.length) {
            const rest = messages.slice(done)
            let taken = rest.length
            try {
                await this.#socket.sendMany(rest, {timeout: SLICE_MS})
            } catch (error) {
                if (error?.code !== "EAGAIN") {
                    throw error
                }
                taken = error.sent
            }
            rest.slice(0, taken).forEach(sent)
            done += taken
        }
        return done
    }

    /** Lets the command reader have its turn after so many messages. */
    async #breathe(count) {
        this.#sinceTurn += count
        if (this.#sinceTurn >= BATCH) {
            this.#sinceTurn = 0
            await nextTurn()
        }
    }

    /** The number of a message, recorded. */
    #note(parts) {
        const body = parts.at(-1)
        const number = body.length >= 8 ? body.readBigUInt64BE() : 0n
        this.#record(number)
        return number
    }

    #record(number) {
        if (this.#log !== undefined) {
            const entry = Buffer.alloc(8)
            entry.writeBigUInt64BE(number)
            writeSync(this.#log, entry)
        }
    }

    #stamp(begin, count) {
        if (count > 0) {
            this.#first ||= begin
            this.#last = performance.now()
            this.#count += count
        }
    }

    #report() {
        const elapsed = (this.#last - this.#first) * 1000
        const report = {done: this.#done, count: this.#count, elapsed_us: elapsed, ...this.#failure}
        if (this.#request.kind === "receive") {
            Object.assign(report, {bytes: this.#bytes, digest: this.#digest, unordered: this.#unordered})
        }
        return report
    }
}

/** Without a time the call waits as the SDK's own call does. */
function limit(request) {
    return request.timeout_ms === undefined ? {} : {timeout: request.timeout_ms}
}

const operations = {
    hello: () => ({actor: "node", library: `ohmq ${zmq.version}`, pid: process.pid, features: ["stats", "log"]}),
    context: ({context}) => void contexts.set(context, new zmq.Context()),
    context_set: ({context, option, value}) => named(contexts, context, "context").setOption(option, value),
    context_get: ({context, option}) => named(contexts, context, "context").getOption(option),
    shutdown: ({context}) => named(contexts, context, "context").shutdown(),
    term: ({context}) => named(contexts, context, "context").terminate(),
    socket({socket: name, context, type, options = {}}) {
        const common = {context: named(contexts, context, "context")}
        const socket = classes[type] ? new classes[type](common) : new zmq.Socket(otherTypes[type] ?? type, common)
        sockets.set(name, socket)
        for (const [option, value] of Object.entries(options ?? {})) {
            socket.setOption(option, valueIn(value))
        }
    },
    service(request) {
        services.set(request.socket, new Service(named(sockets, request.socket, "socket"), request))
    },
    report: (request) => named(services, request.socket, "service").report(request.timeout_ms ?? 0),
    stop({socket}) {
        const service = named(services, socket, "service")
        services.delete(socket)
        return service.stop()
    },
}

const socketOperations = {
    set: (socket, {option, value}) => socket.setOption(option, valueIn(value)),
    get: (socket, {option}) => valueOut(socket.getOption(option)),
    async bind(socket, {endpoint}) {
        await socket.bind(endpoint)
        return socket.getOption("last_endpoint")
    },
    connect: (socket, {endpoint}) => socket.connect(endpoint),
    unbind: (socket, {endpoint}) => socket.unbind(endpoint),
    disconnect: (socket, {endpoint}) => socket.disconnect(endpoint),
    subscribe: (socket, {topic}) => socket.subscribe(Buffer.from(topic, "hex")),
    unsubscribe: (socket, {topic}) => socket.unsubscribe(Buffer.from(topic, "hex")),
    send: (socket, request) => socket.send(request.parts.map(partIn), limit(request)),
    recv: async (socket, request) => ({parts: (await socket.receive(limit(request))).map(partOut)}),
    stats: (socket) => socket.stats(),
    close(socket, {linger_ms: linger}) {
        try {
            if (linger !== undefined && linger !== null) {
                socket.setOption("linger", linger)
            }
        } finally {
            socket.close()
        }
    },
    async ping(socket, {count, size, timeout_ms: timeout}) {
        const payload = pattern(0, size)
        const trips = []
        for (let trip = 0; trip < count; trip += 1) {
            const start = performance.now()
            await socket.send(payload)
            const reply = await socket.receive({timeout})
            trips.push((performance.now() - start) * 1000)
            if (reply.at(-1).length !== size) {
                throw new Error(`reply of ${reply.at(-1).length} bytes instead of ${size}`)
            }
        }
        trips.sort((one, other) => one - other)
        const middle = trips.length >> 1
        const median = trips.length % 2 === 1 ? trips[middle] : (trips[middle - 1] + trips[middle]) / 2
        return {count: trips.length, median_us: median, min_us: trips[0]}
    },
}

async function answer(request) {
    try {
        if (Object.hasOwn(operations, request.op)) {
            return {ok: (await operations[request.op](request)) ?? null}
        }
        if (Object.hasOwn(socketOperations, request.op)) {
            const socket = named(sockets, request.socket, "socket")
            return {ok: (await socketOperations[request.op](socket, request)) ?? null}
        }
        throw new Unsupported(`operation ${request.op}`)
    } catch (error) {
        return failureOf(error)
    }
}

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
    const request = JSON.parse(line)
    // A synchronous write: the answer is out before anything else happens.
    writeSync(1, `${JSON.stringify({id: request.id, ...(await answer(request))})}\n`)
}
// Whatever is still open is given up, as the protocol says.
process.exit(0)
