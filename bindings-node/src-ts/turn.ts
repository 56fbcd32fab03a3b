// How much may happen in one turn of the event loop: promises that are settled at once would starve everything else.

/** As many operations complete at once in one turn; the next ones wait for the loop to come round. */
const BUDGET = 512

let spent = 0
let renewing = false

/** Takes one operation from the budget of this turn, if there is one left. */
export function mayGoOn(): boolean {
    if (!renewing) {
        renewing = true
        // By itself this keeps no process alive.
        setImmediate(renew).unref()
    }
    spent += 1
    return spent <= BUDGET
}

function renew(): void {
    spent = 0
    renewing = false
}
