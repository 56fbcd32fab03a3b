// How much may happen in one turn of the event loop: promises that are settled at once would starve everything else.

/** So much a socket receives, and so much it sends, in one turn; what comes then waits for the loop to come round. */
const BUDGET = 512

/** An operation counts as one, each message of a batch too, and so do this many bytes. */
const PAGE = 4096

let turn = 0
let renewing = false

/** What is left of a turn for one socket's receives, or its sends. Each has its own: a busy one takes nothing from the others. */
export class Share {
    #turn = -1
    #spent = 0

    /** Takes one operation from what is left of this turn, if there is anything left. */
    mayGoOn(): boolean {
        if (!renewing) {
            renewing = true
            // By itself this keeps no process alive.
            setImmediate(renew).unref()
        }
        if (this.#turn !== turn) {
            this.#turn = turn
            this.#spent = 0
        }
        this.#spent += 1
        return this.#spent <= BUDGET
    }

    /** Takes what an operation turned out to cost more. */
    charge(messages: number, bytes: number): void {
        this.#spent += messages + Math.floor(bytes / PAGE)
    }
}

function renew(): void {
    turn += 1
    renewing = false
}
