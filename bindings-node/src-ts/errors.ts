// One class for every error of the engine: with its code, its number, what was tried and on what.

import {ErrorCode, errorMessages} from "./generated.js"
import type {NativeFailure} from "./native.js"

/** The name of an error: `"EAGAIN"`. */
export type ErrorName = keyof typeof ErrorCode

/** Their subject is an endpoint, even where it is none. */
const ABOUT_ENDPOINTS: ReadonlySet<string> = new Set(["bind", "unbind", "connect", "disconnect"])

/** What a call of a socket or a context throws or rejects with. */
export class ZmqError extends Error {
    /** The name of the error, by which to tell errors apart: `"EAGAIN"`. */
    readonly code: ErrorName
    /** The number libzmq has for it. */
    readonly errno: number
    /** What was tried: `"bind"`, `"send"`. */
    readonly operation: string
    /** On what: an endpoint, an option, a type of socket. */
    readonly subject: string
    /** The endpoint, where it is about one. */
    declare readonly address?: string
    /** How many messages of a batch were sent before it failed. */
    declare readonly sent?: number

    /** Takes what the engine says about a failure. */
    constructor(failure: NativeFailure) {
        super(failure.message)
        this.code = failure.code as ErrorName
        this.errno = failure.errno
        this.operation = failure.operation
        this.subject = failure.subject
        if (failure.subject.includes("://") || ABOUT_ENDPOINTS.has(failure.operation)) {
            this.address = failure.subject
        }
    }
}

Object.defineProperty(ZmqError.prototype, "name", {value: "ZmqError", configurable: true, writable: true})

/** An error that this layer finds itself. */
export function failed(code: ErrorName, operation: string, subject: string, detail?: string): ZmqError {
    const what = [operation, subject].filter(Boolean).join(" ")
    const message = `${code}: ${errorMessages[code]} (${what}${detail === undefined ? "" : `: ${detail}`})`
    return new ZmqError({code, errno: ErrorCode[code], message, operation, subject})
}

/** Whether the addon answered with a failure. */
export function isFailure<T>(answer: T | NativeFailure): answer is NativeFailure {
    return typeof answer === "object" && answer !== null && "errno" in answer
}

/** The value the addon answered with; a failure is thrown. */
export function check<T>(answer: T | NativeFailure): T {
    if (isFailure(answer)) {
        throw new ZmqError(answer)
    }
    return answer
}

/** A number as the engine takes it. Others would arrive there as something else. */
export function int32(value: number, operation: string, subject: string): number {
    if (value !== (value | 0)) {
        throw failed("EINVAL", operation, subject, `${value} is no whole number of 32 bits`)
    }
    return value
}
