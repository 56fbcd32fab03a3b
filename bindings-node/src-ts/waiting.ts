// Operations that could not complete at once: in order, each with its promise, its time limit and its signal.

import type {ZmqError} from "./errors.js"

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
    /** Called, if it has to wait, with a function that gives it up: its promise then rejects with {@link CANCELLED}. */
    onWait?: ((cancel: () => void) => void) | undefined
}

/** What a cancelled operation rejects with. */
export const CANCELLED = Symbol("cancelled")

interface Waiter {
    attempt(): boolean
    fail(reason: unknown): void
}

/** Operations of one kind on one socket, first come, first served. */
export class Line {
    readonly #waiters = new Set<Waiter>()
    readonly #changed: () => void

    /** `changed` is called when an operation left the line by itself. */
    constructor(changed: () => void) {
        this.#changed = changed
    }

    get empty(): boolean {
        return this.#waiters.size === 0
    }

    /** The promise of an operation that waits from now on. */
    add<T>(operation: Operation<T>): Promise<T> {
        return new Promise<T>((resolve, reject) => {
            const {signal} = operation
            const leave = () => {
                this.#waiters.delete(waiter)
                clearTimeout(timer)
                signal?.removeEventListener("abort", onAbort)
            }
            const waiter: Waiter = {
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
                if (this.#first() !== waiter || !waiter.attempt()) {
                    waiter.fail(operation.late())
                }
                this.#changed()
            }
            const timer = operation.timeout < 0 ? undefined : setTimeout(onTimeout, operation.timeout)
            signal?.addEventListener("abort", onAbort, {once: true})
            operation.onWait?.(() => {
                waiter.fail(CANCELLED)
                this.#changed()
            })
            this.#waiters.add(waiter)
        })
    }

    /** Does what is possible in order; false if there is more but `mayGoOn` wants a pause. */
    advance(mayGoOn: () => boolean): boolean {
        for (let first = this.#first(); first !== undefined; first = this.#first()) {
            if (!mayGoOn()) {
                return false
            }
            if (!first.attempt()) {
                break
            }
        }
        return true
    }

    /** Ends all operations with an error. */
    fail(reason: unknown): void {
        for (const waiter of [...this.#waiters]) {
            waiter.fail(reason)
        }
    }

    #first(): Waiter | undefined {
        for (const waiter of this.#waiters) {
            return waiter
        }
        return undefined
    }
}
