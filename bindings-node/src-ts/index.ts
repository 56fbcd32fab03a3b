// ZeroMQ sockets for Node from OhMQ's engine, under the names of zeromq.js 6.

import {addon} from "./native.js"

/** The version of the engine. */
export const version: string = addon.version()

/** What this build can do beyond tcp and inproc, as in zeromq.js; what it cannot is absent. */
export const capability: Readonly<{ipc?: boolean}> = Object.freeze({ipc: true})

export {Context, context} from "./context.js"
export type {NewContextOptions} from "./context.js"
export {ZmqError} from "./errors.js"
export type {ErrorName} from "./errors.js"
export {ContextOption, ErrorCode, SocketOption, SocketType} from "./generated.js"
export type {ContextOptions, OptionsByType, OptionValue, SocketOptions} from "./generated.js"
export type {Message, MessageLike} from "./message.js"
export {Socket} from "./socket.js"
export type {NewSocketOptions, Readable, Writable} from "./socket.js"
export {
    Dealer,
    Pair,
    Publisher,
    Pull,
    Push,
    Reply,
    Request,
    Router,
    Subscriber,
    XPublisher,
    XSubscriber,
} from "./sockets.js"
export type {NewOptions, Routed} from "./sockets.js"
export type {WaitOptions} from "./waiting.js"
