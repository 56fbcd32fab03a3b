// A process with zeromq.js: `peer.mjs CLASS bind|connect ENDPOINT TASK`. It prints its endpoint, and works as TASK says.

import {createRequire} from "node:module"
import {createInterface} from "node:readline"

const folder = process.env.OHMQ_PEERS
const require = createRequire(folder === undefined ? import.meta.url : `${folder}/peer.cjs`)
const zmq = require("zeromq")

const [className, role, endpoint, task] = process.argv.slice(2)
const socket = new zmq[className]({linger: 0})

const tasks = {
    /** Sends back what it receives, until the end. */
    async echo() {
        for await (const parts of socket) {
            await socket.send(parts)
        }
    },
    /** Sends each line of the standard input as one message, parts separated by blanks, in hex. */
    async send() {
        for await (const line of createInterface({input: process.stdin})) {
            await socket.send(line.split(" ").map((part) => Buffer.from(part, "hex")))
        }
    },
    /** Prints each message it receives, in the same form. */
    async print() {
        for await (const parts of socket) {
            console.log(parts.map((part) => part.toString("hex")).join(" "))
        }
    },
    /** Asks for each line, and prints the answer. */
    async ask() {
        for await (const line of createInterface({input: process.stdin})) {
            await socket.send(line.split(" ").map((part) => Buffer.from(part, "hex")))
            console.log((await socket.receive()).map((part) => part.toString("hex")).join(" "))
        }
    },
}

if (className === "Subscriber") {
    socket.subscribe("a", "b")
}
if (role === "bind") {
    await socket.bind(endpoint)
} else {
    socket.connect(endpoint)
}
console.log(role === "bind" ? socket.lastEndpoint : endpoint)
await tasks[task]()
