// The class of each type of socket, with what that type can do.

import {defineOptions, propertiesByType, SocketOption, SocketType} from "./generated.js"
import type {OptionsByType} from "./generated.js"
import type {Message, MessageLike} from "./message.js"
import {Messages, Socket} from "./socket.js"
import type {NewSocketOptions, Readable, Writable} from "./socket.js"
import type {WaitOptions} from "./waiting.js"

/** The options a new socket of a class can have. */
export type NewOptions<Class extends keyof OptionsByType> = NewSocketOptions & Partial<OptionsByType[Class]>

/** A message whose first part is the routing id of a peer. */
export type Routed<Part> = [Part, ...Part[]]

/** Talks to exactly one peer, both ways. */
export class Pair extends Socket {
    constructor(options?: NewOptions<"Pair">) {
        super(SocketType.Pair, options)
    }
}
export interface Pair extends Writable, Readable, PropertiesOf<"Pair"> {}

/** Sends each message to every subscriber of a matching prefix. */
export class Publisher extends Socket {
    constructor(options?: NewOptions<"Publisher">) {
        super(SocketType.Publisher, options)
    }
}
export interface Publisher extends Writable, PropertiesOf<"Publisher"> {}

/** Receives the messages whose first part starts with one of its subscriptions. */
export class Subscriber extends Socket {
    constructor(options?: NewOptions<"Subscriber">) {
        super(SocketType.Subscriber, options)
    }

    /** Receives what starts with one of these prefixes from now on; without any, everything. */
    subscribe(...prefixes: (string | Uint8Array)[]): void {
        for (const prefix of prefixes.length === 0 ? [""] : prefixes) {
            this.setOption(SocketOption.SUBSCRIBE, prefix)
        }
    }

    /** Undoes one subscription of each of these prefixes; without any, that of everything. */
    unsubscribe(...prefixes: (string | Uint8Array)[]): void {
        for (const prefix of prefixes.length === 0 ? [""] : prefixes) {
            this.setOption(SocketOption.UNSUBSCRIBE, prefix)
        }
    }
}
export interface Subscriber extends Readable, PropertiesOf<"Subscriber"> {}

/** Sends a request, then receives its reply, strictly in turn. */
export class Request extends Socket {
    constructor(options?: NewOptions<"Request">) {
        super(SocketType.Request, options)
    }
}
export interface Request extends Writable, Readable, PropertiesOf<"Request"> {}

/** Receives a request, then sends its reply, strictly in turn. */
export class Reply extends Socket {
    constructor(options?: NewOptions<"Reply">) {
        super(SocketType.Reply, options)
    }
}
export interface Reply extends Writable, Readable, PropertiesOf<"Reply"> {}

/** Spreads what it sends over its peers in turn and receives from all of them fairly. */
export class Dealer extends Socket {
    constructor(options?: NewOptions<"Dealer">) {
        super(SocketType.Dealer, options)
    }
}
export interface Dealer extends Writable, Readable, PropertiesOf<"Dealer"> {}

/** Puts the sender's routing id before what it receives, and sends to the peer that the first part names. */
export class Router extends Socket {
    constructor(options?: NewOptions<"Router">) {
        super(SocketType.Router, options)
    }

    /** Connects; the peer there gets this routing id, whatever it calls itself. */
    override connect(endpoint: string, options: {routingId?: string | Uint8Array} = {}): void {
        if (options.routingId !== undefined) {
            this.setOption(SocketOption.CONNECT_ROUTING_ID, Buffer.from(options.routingId as string))
        }
        super.connect(endpoint)
    }
}
export interface Router
    extends Writable<Routed<MessageLike>>, Readable<Routed<Message>>, PropertiesOf<"Router"> {}

/** Receives work from its pushers fairly. */
export class Pull extends Socket {
    constructor(options?: NewOptions<"Pull">) {
        super(SocketType.Pull, options)
    }
}
export interface Pull extends Readable, PropertiesOf<"Pull"> {}

/** Deals work to its pullers in turn. */
export class Push extends Socket {
    constructor(options?: NewOptions<"Push">) {
        super(SocketType.Push, options)
    }
}
export interface Push extends Writable, PropertiesOf<"Push"> {}

/** A publisher that also receives the subscriptions of its peers: 1 or 0, then the prefix. */
export class XPublisher extends Socket {
    constructor(options?: NewOptions<"XPublisher">) {
        super(SocketType.XPublisher, options)
    }

    /** Which repeated subscriptions are received too: none (null), all, or all with the cancellations. */
    set verbosity(value: null | "allSubs" | "allSubsUnsubs") {
        this.setOption(SocketOption.XPUB_VERBOSE, value === "allSubs")
        this.setOption(SocketOption.XPUB_VERBOSER, value === "allSubsUnsubs")
    }
}
export interface XPublisher extends Writable, Readable, PropertiesOf<"XPublisher"> {}

/** A subscriber that sends its subscriptions as messages: 1 or 0, then the prefix. */
export class XSubscriber extends Socket {
    constructor(options?: NewOptions<"XSubscriber">) {
        super(SocketType.XSubscriber, options)
    }
}
export interface XSubscriber extends Writable, Readable, PropertiesOf<"XSubscriber"> {}

type PropertiesOf<Class extends keyof OptionsByType> = OptionsByType[Class]

const classes = {
    Pair,
    Publisher,
    Subscriber,
    Request,
    Reply,
    Dealer,
    Router,
    Pull,
    Push,
    XPublisher,
    XSubscriber,
}

for (const [name, constructor] of Object.entries(classes)) {
    defineOptions(constructor.prototype, propertiesByType[name as keyof typeof classes])
}

// Every class has these at run time, so that a program without types learns what is wrong from the engine (ENOTSUP). The
// types offer them only where they work.
const methods = {
    send(this: Socket, message: MessageLike | MessageLike[], options?: WaitOptions) {
        return this._send(message, options)
    },
    sendMany(this: Socket, messages: (MessageLike | MessageLike[])[], options?: WaitOptions) {
        return this._sendMany(messages, options)
    },
    receive(this: Socket, options?: WaitOptions) {
        return this._receive(options)
    },
    receiveMany(this: Socket, max?: number, options?: WaitOptions) {
        return this._receiveMany(max, options)
    },
    [Symbol.asyncIterator](this: Socket) {
        return new Messages(this)
    },
}

for (const name of Reflect.ownKeys(methods) as (keyof typeof methods)[]) {
    Object.defineProperty(Socket.prototype, name, {value: methods[name], configurable: true, writable: true})
}
