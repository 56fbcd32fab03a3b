// Contexts: what the sockets of a program have in common.

import {check, failed, int32} from "./errors.js"
import {ContextOption, contextProperties, defineOptions} from "./generated.js"
import type {ContextOptions, OptionValue} from "./generated.js"
import {addon} from "./native.js"
import type {NativeContext} from "./native.js"

/** The options a new context can have. */
export type NewContextOptions = {-readonly [Name in keyof ContextOptions]?: ContextOptions[Name]}

const natives = new WeakMap<Context, NativeContext>()
let global: NativeContext | undefined = addon.globalContext()

/**
 * A context has the I/O threads and the `inproc` names of its sockets. Most programs use the one {@link context}, which
 * all threads of the process share.
 */
export class Context {
    #ending: ReturnType<NativeContext["terminate"]> | undefined

    /** Makes a context with these options. */
    constructor(options: NewContextOptions = {}) {
        natives.set(this, global ?? new addon.NativeContext())
        assign(this, options, "a context")
    }

    /** Ends the work of its sockets: what waits on them and all later calls but `close` fail with `ETERM`. */
    shutdown(): void {
        check(nativeContext(this).shutdown())
    }

    /**
     * {@link shutdown}, then waits until all sockets are closed and have sent what they had, or their linger time is
     * over. The sockets have to be closed by whoever has them. A second call waits for the same.
     */
    async terminate(): Promise<void> {
        this.#ending ??= nativeContext(this).terminate()
        check(await this.#ending)
    }

    /** An option by its name in the reference (`"io_threads"`) or its number. */
    getOption(option: string | number): number {
        return check(nativeContext(this).get(optionId(option, "get")))
    }

    /** Sets an option by its name in the reference (`"io_threads"`) or its number. */
    setOption(option: string | number, value: number | boolean): void {
        check(nativeContext(this).set(optionId(option, "set"), int32(Number(value), "set", String(option))))
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.terminate()
    }

    /** @internal */
    _getOption(id: number): OptionValue {
        return this.getOption(id)
    }

    /** @internal */
    _setOption(id: number, value: OptionValue): void {
        if (typeof value !== "number" && typeof value !== "boolean") {
            throw new TypeError("the value of a context's option is a number or a boolean")
        }
        this.setOption(id, value)
    }
}

export interface Context extends ContextOptions {}

defineOptions(Context.prototype, contextProperties)

/** The context of all sockets that are given no other. It is one for all threads of the process. */
export const context: Context = new Context()
global = undefined

/** The addon's part of a context. */
export function nativeContext(context: Context): NativeContext {
    const native = natives.get(context)
    if (native === undefined) {
        throw new TypeError("not a context of this library")
    }
    return native
}

/** Sets properties, none of which may be new. */
export function assign(target: object, options: object, what: string): void {
    for (const [name, value] of Object.entries(options)) {
        if (!(name in target)) {
            throw new TypeError(`${name} is not an option of ${what}`)
        }
        ;(target as Record<string, unknown>)[name] = value
    }
}

function optionId(option: string | number, operation: string): number {
    if (typeof option === "number") {
        return int32(option, operation, "option")
    }
    if (typeof option !== "string") {
        throw new TypeError("an option is a name or a number")
    }
    const id = ContextOption[option.toUpperCase() as keyof typeof ContextOption]
    if (id === undefined) {
        throw failed("EINVAL", operation, option, "there is no such context option")
    }
    return id
}
