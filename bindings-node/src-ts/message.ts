// What may be sent, and how it becomes parts that the addon takes.

import type {NativePart} from "./native.js"

/** A part of a message to send. Text is sent as UTF-8, a number as its digits, null as an empty part. */
export type MessageLike = ArrayBufferView | ArrayBufferLike | string | number | null

/** A part of a received message. */
export type Message = Buffer

/** A part for the addon; nothing is copied here but shared memory. */
export function partOf(part: MessageLike): NativePart {
    if (typeof part === "string") {
        return part
    }
    if (ArrayBuffer.isView(part)) {
        return fromView(part)
    }
    if (part === null) {
        return ""
    }
    if (typeof part === "number") {
        return String(part)
    }
    if (part instanceof ArrayBuffer) {
        return new Uint8Array(part)
    }
    if (part instanceof SharedArrayBuffer) {
        return Uint8Array.from(new Uint8Array(part))
    }
    throw new TypeError(`a part is bytes, text, a number or null, not ${typeof part}`)
}

/** All parts of a message for the addon. */
export function partsOf(message: MessageLike | readonly MessageLike[]): NativePart[] {
    if (!Array.isArray(message)) {
        return [partOf(message as MessageLike)]
    }
    if (message.length === 0) {
        throw new TypeError("a message has at least one part")
    }
    return everyOne(message, partOf)
}

/** Maps all elements; what an array leaves out is undefined, and not left out. */
export function everyOne<From, To>(elements: readonly From[], map: (element: From) => To): To[] {
    const mapped: To[] = []
    for (const element of elements) {
        mapped.push(map(element))
    }
    return mapped
}

/** The same parts, safe from whoever writes into them later. */
export function kept(parts: NativePart[]): NativePart[] {
    return parts.map((part) => (typeof part === "string" ? part : Uint8Array.from(part)))
}

function fromView(view: ArrayBufferView): Uint8Array {
    const bytes =
        view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    // Other threads may write into shared memory while the addon reads.
    return bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes)
}
