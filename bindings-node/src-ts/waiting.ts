// Operations that could not complete at once: in order, each with its promise, its time limit and its signal.

import type {ZmqError} from "./errors.js"
import {Share} from "./turn.js"

/** How long and under which condition an operation may wait. */
export interface WaitOptions {
    /** Cancels the operation, which then rejects with the signal's reason. Nothing is lost by it. */
    signal?: AbortSignal | undefined
    /** Milliseconds to wait; 0 does not wait, −1 waits for ever. Without it, the socket's own time limit holds. */
    timeout?: number | undefined
}

/** What {@link Line.add} needs to know of an operation. */
export interface Operation<T> {
    /** Does it if that is possible now; `undefined` means not yet. Throws what the promise rejects with. */
    attempt: () => T | undefined
    /** The error when the time is over. */
    late: () => ZmqError
    /** Milliseconds; negative is for ever. */
    timeout: number
    signal: AbortSignal | undefined
    /** Called, if it has to wait, with what can give it up: its promise then rejects with {@link CANCELLED}. */
    onWait?: ((waiting: Waiting) => void) | undefined
}

/** An operation that waits, or did. */
export interface Waiting {
    readonly ended: boolean
    cancel(): void
}

/** What a cancelled operation rejects with. */
export const CANCELLED = Symbol("cancelled")

/** Timers know no longer time, which is 24 days: as good as for ever. */
const LONGEST = 0x7fffffff

interface Waiter {
    before: Waiter | undefined
    after: Waiter | undefined
    attempt(): boolean
    fail(reason: unknown): void
}

/** Operations of one kind on one socket, first come, first served. */
export class Line {
    /** What these operations may still do in this turn of the loop. */
    readonly share = new Share()
    #first: Waiter | undefined
    #last: Waiter | undefined
    #served = 0
    readonly #changed: () => void

    /** `changed` is called when an operation left the line by itself. */
    constructor(changed: () => void) {
        this.#changed = changed
    }

    get empty(): boolean {
        return this.#first === undefined
    }

    /** How many have left. */
    get served(): number {
        return this.#served
    }

    /** The promise of an operation that waits from now on. */
    add<T>(operation: Operation<T>): Promise<T> {
        return new Promise<T>((resolve, reject) => {
            const {signal} = operation
            let ended = false
            const leave = () => {
                if (!ended) {
                    ended = true
                    this.#remove(waiter)
                    clearTimeout(timer)
                    signal?.removeEventListener("abort", onAbort)
                }
            }
            const waiter: Waiter = {
                before: this.#last,
                after: undefined,
                attempt() {
                    try {
                        const value = operation.attempt()
                        if (value === undefined) {
                            return false
                        }
                        leave()
                        resolve(value)
                    } catch (error) {
                        leave()
                        reject(error as Error)
                    }
                    return true
                },
                fail(reason) {
                    leave()
                    reject(reason as Error)
                },
            }
            const onAbort = () => {
                waiter.fail(signal?.reason)
                this.#changed()
            }
            // A loop that was busy for long may be late: what is there in the end still counts.
            const onTimeout = () => {
                if (this.#first !== waiter || !waiter.attempt()) {
                    waiter.fail(operation.late())
                }
                this.#changed()
            }
            const endless = operation.timeout < 0 || operation.timeout > LONGEST
            const timer = endless ? undefined : setTimeout(onTimeout, operation.timeout)
            signal?.addEventListener("abort", onAbort, {once: true})
            operation.onWait?.({
                get ended() {
                    return ended
                },
                cancel: () => {
                    waiter.fail(CANCELLED)
                    this.#changed()
                },
            })
            this.#append(waiter)
        })
    }

    /** Does what is possible in order; false if there is more for the next turn. */
    advance(): boolean {
        for (let first = this.#first; first !== undefined; first = this.#first) {
            if (!this.share.mayGoOn()) {
                return false
            }
            if (!first.attempt()) {
                break
            }
        }
        return true
    }

    /** Ends all operations, each with an error of its own. */
    fail(reason: () => unknown): void {
        while (this.#first !== undefined) {
            this.#first.fail(reason())
        }
    }

    #append(waiter: Waiter): void {
        if (this.#last === undefined) {
            this.#first = waiter
        } else {
            this.#last.after = waiter
        }
        this.#last = waiter
    }

    #remove({before, after}: Waiter): void {
        if (before === undefined) {
            this.#first = after
        } else {
            before.after = after
        }
        if (after === undefined) {
            this.#last = before
        } else {
            after.before = before
        }
        this.#served += 1
    }
}
