// What all classes of sockets share: endpoints, options, and the wait for messages and for room.

import {assign, context as globalContext, nativeContext} from "./context.js"
import type {Context} from "./context.js"
import {ZmqError, check, failed, int32, isFailure} from "./errors.js"
import {SocketOption, SocketType} from "./generated.js"
import type {OptionValue} from "./generated.js"
import {everyOne, kept, partOf, partsOf} from "./message.js"
import type {Message, MessageLike} from "./message.js"
import {addon} from "./native.js"
import type {NativeFailure, NativePart, NativeSocket} from "./native.js"
import {CANCELLED, Line} from "./waiting.js"
import type {WaitOptions, Waiting} from "./waiting.js"

const READABLE = 1
const WRITABLE = 2
const BATCH = 256
/** So many bytes of a batch are enough for one crossing. */
const ENOUGH = 1024 * 1024
/** What one crossing fetches at most; the loop has other things to do. */
const MANY = 1024

/** The options every class has when it is made. */
export interface NewSocketOptions {
    /** The context; without it, the global one. */
    context?: Context
}

/** What sockets that can send have. */
export interface Writable<Part = MessageLike | MessageLike[]> {
    /**
     * Sends a message of one part, or of the parts in an array. Resolves when the socket took it, not when it arrived; any
     * number of sends may wait, and they go out in order. Rejects with `EAGAIN` when the time limit is over.
     */
    send(message: Part, options?: WaitOptions): Promise<void>
    /** Sends messages in order with few crossings; resolves when all are taken. The `sent` of a ZmqError says how many were. */
    sendMany(messages: readonly Part[], options?: WaitOptions): Promise<void>
}

/** What sockets that can receive have. */
export interface Readable<Received extends Message[] = Message[]> {
    /** Receives a message. Any number of receives may wait. Rejects with `EAGAIN` when the time limit is over. */
    receive(options?: WaitOptions): Promise<Received>
    /** Waits for a message and receives it with what else is there, at most `max` messages. */
    receiveMany(max?: number, options?: WaitOptions): Promise<Received[]>
    /** All messages until the socket is closed or its context has ended. */
    [Symbol.asyncIterator](): AsyncIterableIterator<Received>
}

/**
 * A socket of any type. Programs make one of the classes, such as {@link Request}; this one takes the number of a type.
 * At run time each has all methods, and those its type has not fail with `ENOTSUP`.
 */
export class Socket {
    readonly #native: NativeSocket
    readonly #context: Context
    readonly #type: SocketType
    readonly #receives = new Line(() => this.#settle())
    readonly #sends = new Line(() => this.#settle())
    readonly #onReady = () => this.#settle()
    #paused = false
    /** How many messages of batches were sent: a batch gets on without being served. */
    #batched = 0

    /** Opens a socket of the type with this number; see {@link SocketType}. */
    constructor(type: SocketType, options: NewSocketOptions = {}) {
        checkOptions(options)
        const {context = globalContext, ...properties} = options
        this.#native = check(addon.openSocket(nativeContext(context), int32(type, "socket", "type")))
        this.#context = context
        this.#type = type
        try {
            assign(this, properties, new.target.name)
        } catch (error) {
            this.close()
            throw error
        }
    }

    /** The context it belongs to. */
    get context(): Context {
        return this.#context
    }

    /** The number of its type. */
    get type(): number {
        return this.#type
    }

    /** Whether it was closed. */
    get closed(): boolean {
        return this.#native.closed
    }

    /** Whether a message can be received without waiting. */
    get readable(): boolean {
        return (check(this.#native.events()) & READABLE) !== 0
    }

    /** Whether a message can be sent without waiting. */
    get writable(): boolean {
        return (check(this.#native.events()) & WRITABLE) !== 0
    }

    /**
     * Listens on an endpoint. A host name is looked up meanwhile. Afterwards `lastEndpoint` has the wildcards resolved:
     * `tcp://127.0.0.1:*` gives `tcp://127.0.0.1:40213`.
     */
    async bind(endpoint: string): Promise<void> {
        check(await this.#native.bind(checkEndpoint(endpoint)))
    }

    /** {@link bind} at once; looking up a host name blocks. */
    bindSync(endpoint: string): void {
        check(this.#native.bindSync(checkEndpoint(endpoint)))
    }

    /** Stops listening on an endpoint, given as `lastEndpoint` had it. */
    async unbind(endpoint: string): Promise<void> {
        this.unbindSync(endpoint)
    }

    /** {@link unbind} at once. */
    unbindSync(endpoint: string): void {
        check(this.#native.unbind(checkEndpoint(endpoint)))
    }

    /** Connects to an endpoint, now or as soon as somebody listens there, and again whenever the connection is lost. */
    connect(endpoint: string): void {
        check(this.#native.connect(checkEndpoint(endpoint)))
    }

    /** Ends a connection. */
    disconnect(endpoint: string): void {
        check(this.#native.disconnect(checkEndpoint(endpoint)))
    }

    /** An option by its name in the reference (`"sndhwm"`) or its number. Bytes come as a Buffer. */
    getOption(option: string | number): boolean | number | string | Buffer {
        return check(this.#native.get(optionId(option, "get")))
    }

    /** Sets an option by its name in the reference (`"sndhwm"`) or its number. */
    setOption(option: string | number, value: OptionValue): void {
        const id = optionId(option, "set")
        check(this.#native.set(id, optionValue(id, value)))
    }

    /** Counters of everything that went through the socket, by cause where it was dropped. Also after it was closed. */
    stats(): Record<string, number> {
        return this.#native.stats()
    }

    /**
     * Closes the socket at once. What it had to send goes out in the background for its `linger` time; to wait for that,
     * use {@link Context.terminate}. What waits on it rejects with `EAGAIN`, and iterations end.
     */
    close(): void {
        this.#native.close()
        this.#receives.fail(() => failed("EAGAIN", "receive", this.#name(), "the socket was closed"))
        this.#sends.fail(() => failed("EAGAIN", "send", this.#name(), "the socket was closed"))
    }

    [Symbol.dispose](): void {
        this.close()
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.close()
    }

    /** @internal */
    _getOption(id: number): OptionValue {
        return this.getOption(id)
    }

    /** @internal */
    _setOption(id: number, value: OptionValue): void {
        this.setOption(id, value)
    }

    /** @internal */
    _send(message: MessageLike | MessageLike[], options: WaitOptions = NONE): Promise<void> {
        const refusal = refusalOf(options)
        if (refusal !== undefined) {
            return refusal
        }
        let send: () => true | undefined
        try {
            const native = this.#native
            if (Array.isArray(message)) {
                let parts = partsOf(message)
                send = () => this.#accepted(native.trySendParts(parts), parts)
                if (mayTry(this.#sends, options) && send()) {
                    return DONE
                }
                parts = kept(parts)
            } else {
                const part = partOf(message)
                if (mayTry(this.#sends, options) && check(native.trySend(part))) {
                    this.#sends.share.charge(0, part.length)
                    return DONE
                }
                const parts = kept([part])
                send = () => this.#accepted(native.trySendParts(parts), parts)
            }
        } catch (error) {
            return Promise.reject(error as Error)
        }
        return this.#wait(this.#sends, send, "send", options).then(nothing)
    }

    /** @internal */
    _sendMany(messages: readonly (MessageLike | MessageLike[])[], options: WaitOptions = NONE): Promise<void> {
        const refusal = refusalOf(options)
        if (refusal !== undefined) {
            return refusal
        }
        let sent = 0
        let rest: NativePart[][]
        const send = (): true | undefined => {
            while (sent < rest.length) {
                const batch = batchFrom(rest, sent)
                const taken = check(this.#native.trySendMany(batch))
                sent += taken
                // What was refused costs nothing: a socket that waits for its peer must not seem busy.
                this.#sends.share.charge(taken, bytesOfAll(taken === batch.length ? batch : batch.slice(0, taken)))
                this.#batched += taken
                if (taken === 0 || !this.#sends.share.mayGoOn()) {
                    return sent === rest.length ? true : undefined
                }
            }
            return true
        }
        const note = (error: unknown) => {
            // A signal's reason is the caller's, and may be that of several batches.
            if (error instanceof ZmqError) {
                Reflect.set(error, "sent", sent)
            }
            throw error
        }
        try {
            if (!Array.isArray(messages)) {
                throw new TypeError("messages is an array of messages")
            }
            rest = everyOne(messages as readonly MessageLike[], partsOf)
            if (rest.length === 0) {
                return DONE
            }
            if (mayTry(this.#sends, options) && send()) {
                return DONE
            }
            rest = rest.map(kept)
        } catch (error) {
            return Promise.reject(error as Error).catch(note)
        }
        return this.#wait(this.#sends, send, "send", options).then(nothing, note)
    }

    /** @internal */
    _receive(options: WaitOptions & Cancellable = NONE): Promise<Message[]> {
        const refusal = refusalOf(options)
        if (refusal !== undefined) {
            return refusal
        }
        if (mayTry(this.#receives, options)) {
            const answer = this.#native.tryReceive()
            if (answer !== null) {
                if (isFailure(answer)) {
                    return Promise.reject(new ZmqError(answer))
                }
                this.#receives.share.charge(0, bytesOf(answer))
                return Promise.resolve(answer)
            }
        }
        const receive = () => {
            const message = received(this.#native.tryReceive())
            this.#receives.share.charge(0, bytesOf(message ?? []))
            return message
        }
        return this.#wait(this.#receives, receive, "receive", options)
    }

    /** @internal */
    _receiveMany(max = BATCH, options: WaitOptions = NONE): Promise<Message[][]> {
        if (!(Number.isInteger(max) || max === Infinity) || max < 1) {
            return Promise.reject(new TypeError("max is how many messages to receive at most"))
        }
        const refusal = refusalOf(options)
        if (refusal !== undefined) {
            return refusal
        }
        const most = Math.min(max, MANY)
        const receive = () => {
            const messages = received(this.#native.tryReceiveMany(most))
            this.#receives.share.charge(messages?.length ?? 0, bytesOfAll(messages ?? []))
            return messages
        }
        if (mayTry(this.#receives, options)) {
            try {
                const messages = receive()
                if (messages !== undefined) {
                    return Promise.resolve(messages)
                }
            } catch (error) {
                return Promise.reject(error as Error)
            }
        }
        return this.#wait(this.#receives, receive, "receive", options)
    }

    #wait<T>(
        line: Line,
        attempt: () => T | undefined,
        operation: "send" | "receive",
        options: WaitOptions & Cancellable,
    ): Promise<T> {
        const late = () => failed("EAGAIN", operation, this.#name())
        try {
            const timeout = options.timeout ?? this.#timeLimit(operation)
            if (this.closed) {
                throw failed("ENOTSOCK", operation, this.#name(), "the socket is closed")
            }
            if (timeout === 0 && line.empty) {
                // It was tried before; once more for the case that the budget of this turn was spent.
                const value = attempt()
                return value === undefined ? Promise.reject(late()) : Promise.resolve(value)
            }
            const {signal, onWait} = options
            const promise = line.add({attempt, late, timeout, signal, onWait})
            if (!this.#paused && this.#watch()) {
                this.#settle()
            }
            return promise
        } catch (error) {
            return Promise.reject(error as Error)
        }
    }

    #timeLimit(operation: "send" | "receive"): number {
        return check(this.#native.get(operation === "send" ? SocketOption.SNDTIMEO : SocketOption.RCVTIMEO)) as number
    }

    /**
     * Completes what can be completed, then lets the loop watch for the rest. That a socket is ready says nothing of the
     * operations that wait: one peer has room, and they are for another. Then the loop watches all the same, and after that
     * they try once more.
     */
    #settle(): void {
        let stuck = false
        for (let ready = false; !this.#paused && !this.closed; ) {
            const before = this.#progress
            const received = this.#receives.advance()
            if (!this.#sends.advance() || !received) {
                return this.#pause()
            }
            const moved = this.#progress !== before
            if (stuck && !moved) {
                return
            }
            stuck = ready && !moved
            ready = this.#watch(stuck)
            if (!ready) {
                return
            }
        }
    }

    get #progress(): number {
        return this.#receives.served + this.#sends.served + this.#batched
    }

    /** Lets the loop watch for what is waited for, `anyway` or if nothing of it is possible yet; true if some of it is. */
    #watch(anyway = false): boolean {
        const wanted = (this.#receives.empty ? 0 : READABLE) | (this.#sends.empty ? 0 : WRITABLE)
        const ready = this.#native.watch(wanted, this.#onReady, anyway)
        if (isFailure(ready)) {
            this.#fail(ready)
            return false
        }
        return ready !== 0
    }

    /** Goes on in the next turn of the loop. */
    #pause(): void {
        this.#paused = true
        this.#native.watch(0, this.#onReady, false)
        setImmediate(() => {
            this.#paused = false
            this.#settle()
        })
    }

    #fail(failure: NativeFailure): void {
        const error = () => new ZmqError(failure)
        this.#native.watch(0, this.#onReady, false)
        this.#receives.fail(error)
        this.#sends.fail(error)
    }

    /** True for taken, undefined for no room. */
    #accepted(answer: boolean | NativeFailure, parts: NativePart[]): true | undefined {
        if (!check(answer)) {
            return undefined
        }
        this.#sends.share.charge(0, bytesOf(parts))
        return true
    }

    #name(): string {
        return Object.keys(SocketType).find((name) => SocketType[name as keyof typeof SocketType] === this.#type) ?? ""
    }
}

/** All messages of a socket. */
export class Messages implements AsyncIterableIterator<Message[]> {
    readonly #socket: Socket
    #waiting: Waiting[] = []
    #pending = 0
    #done = false

    constructor(socket: Socket) {
        this.#socket = socket
    }

    /** The next message. */
    next(): Promise<IteratorResult<Message[], undefined>> {
        if (this.#done) {
            return Promise.resolve(END)
        }
        this.#pending += 1
        return this.#socket._receive(this.#options).then(this.#onMessage, this.#onError)
    }

    /** Ends the iteration. Calls of `next` that still wait take no message any more. */
    return(): Promise<IteratorReturnResult<undefined>> {
        this.#done = true
        for (const waiting of this.#waiting.splice(0)) {
            waiting.cancel()
        }
        return Promise.resolve(END)
    }

    [Symbol.asyncIterator](): this {
        return this
    }

    readonly #options: Cancellable = {
        onWait: (waiting) => {
            // Those that ended are let go now and then, however many calls overlap.
            if (this.#waiting.length > 2 * this.#pending) {
                this.#waiting = this.#waiting.filter((other) => !other.ended)
            }
            this.#waiting.push(waiting)
        },
    }

    readonly #onMessage = (value: Message[]): IteratorYieldResult<Message[]> => {
        this.#settled()
        return {done: false, value}
    }

    readonly #onError = (error: unknown): IteratorReturnResult<undefined> => {
        this.#settled()
        const ended = this.#socket.closed || (error instanceof ZmqError && error.code === "ETERM")
        if (!ended && error !== CANCELLED) {
            throw error
        }
        this.#done = true
        return END
    }

    #settled(): void {
        this.#pending -= 1
        if (this.#pending === 0) {
            this.#waiting.length = 0
        }
    }
}

interface Cancellable {
    onWait?: ((waiting: Waiting) => void) | undefined
}

const END: IteratorReturnResult<undefined> = Object.freeze({done: true, value: undefined})
const DONE: Promise<void> = Promise.resolve()
/** The options of a call that is given none. */
const NONE: WaitOptions & Cancellable = Object.freeze({})

function nothing(): void {}

/** Whether it is tried at once. An operation that is not to wait is in any case; the others leave room for the loop. */
function mayTry(line: Line, options: WaitOptions): boolean {
    return line.empty && (line.share.mayGoOn() || options.timeout === 0)
}

/** How long messages are; text as if each character had one byte. */
function bytesOf(parts: readonly (Uint8Array | string)[]): number {
    let bytes = 0
    for (const part of parts) {
        bytes += part.length
    }
    return bytes
}

/** The next messages for one crossing, which ends with the one that makes it long. */
function batchFrom(messages: readonly NativePart[][], from: number): NativePart[][] {
    let end = from
    for (let bytes = 0; end < messages.length && end - from < BATCH && bytes < ENOUGH; end += 1) {
        bytes += bytesOf(messages[end] ?? [])
    }
    return messages.slice(from, end)
}

function bytesOfAll(messages: readonly (readonly (Uint8Array | string)[])[]): number {
    let bytes = 0
    for (const parts of messages) {
        bytes += bytesOf(parts)
    }
    return bytes
}

/** The promise of a call that cannot be made with these options, whether or not it would have to wait. */
function refusalOf(options: WaitOptions): Promise<never> | undefined {
    if (options === NONE) {
        return undefined
    }
    try {
        checkOptions(options)
        const {timeout, signal} = options
        if (timeout !== undefined && (typeof timeout !== "number" || Number.isNaN(timeout))) {
            throw new TypeError("timeout is a number of milliseconds")
        }
        if (signal === undefined) {
            return undefined
        }
        checkSignal(signal)
        return signal.aborted ? Promise.reject(signal.reason) : undefined
    } catch (error) {
        return Promise.reject(error as Error)
    }
}

function checkSignal(signal: Partial<AbortSignal> | null): void {
    const {addEventListener, removeEventListener} = signal ?? {}
    if (typeof addEventListener !== "function" || typeof removeEventListener !== "function") {
        throw new TypeError("signal is an AbortSignal")
    }
}

function checkOptions(options: unknown): void {
    if (typeof options !== "object" || options === null) {
        throw new TypeError(`options is an object, not ${options === null ? "null" : typeof options}`)
    }
}

function checkEndpoint(endpoint: unknown): string {
    if (typeof endpoint !== "string") {
        throw new TypeError(`an endpoint is text, not ${endpoint === null ? "null" : typeof endpoint}`)
    }
    return endpoint
}

/** What was received; undefined for nothing. */
function received<T>(answer: T | null | NativeFailure): T | undefined {
    return check(answer) ?? undefined
}

function optionId(option: string | number, operation: string): number {
    if (typeof option === "number") {
        return int32(option, operation, "option")
    }
    if (typeof option !== "string") {
        throw new TypeError("an option is a name or a number")
    }
    const id = SocketOption[option.toUpperCase() as keyof typeof SocketOption]
    if (id === undefined) {
        throw failed("EINVAL", operation, option, "there is no such socket option")
    }
    return id
}

/** What errors of the engine call an option. */
function optionName(id: number): string {
    const name = Object.keys(SocketOption).find((name) => SocketOption[name as keyof typeof SocketOption] === id)
    return name === undefined ? String(id) : `ZMQ_${name}`
}

function optionValue(id: number, value: unknown): boolean | number | bigint | string | Uint8Array {
    switch (typeof value) {
        case "number":
        case "bigint":
            // The addon would make something else of others.
            if (typeof value === "number" ? Number.isInteger(value) : value === BigInt.asIntN(64, value)) {
                return value
            }
            throw failed("EINVAL", "set", optionName(id), `${value} is no whole number of 64 bits`)
        case "boolean":
        case "string":
            return value
        default:
            if (value instanceof Uint8Array) {
                return value
            }
            throw new TypeError(`the value of an option is not ${value === null ? "null" : typeof value}`)
    }
}
