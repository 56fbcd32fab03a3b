// The addon: its shape, and how this platform's build of it is found.

/** A failed call; {@link check} turns it into an error. */
export interface NativeFailure {
    code: string
    errno: number
    message: string
    operation: string
    subject: string
}

/** A part as the addon takes it. */
export type NativePart = Uint8Array | string

export interface NativeSocket {
    readonly closed: boolean
    bind(endpoint: string): Promise<string | NativeFailure>
    bindSync(endpoint: string): string | NativeFailure
    connect(endpoint: string): undefined | NativeFailure
    unbind(endpoint: string): undefined | NativeFailure
    disconnect(endpoint: string): undefined | NativeFailure
    set(option: number, value: boolean | number | bigint | string | Uint8Array): undefined | NativeFailure
    get(option: number): boolean | number | string | Buffer | NativeFailure
    events(): number | NativeFailure
    trySend(part: NativePart): boolean | NativeFailure
    trySendParts(parts: NativePart[]): boolean | NativeFailure
    trySendMany(messages: NativePart[][]): number | NativeFailure
    tryReceive(): Buffer[] | null | NativeFailure
    tryReceiveMany(max: number): Buffer[][] | null | NativeFailure
    watch(wanted: number, onReady: () => void, anyway: boolean): number | NativeFailure
    stats(): Record<string, number>
    close(): void
}

export interface NativeContext {
    set(option: number, value: number): undefined | NativeFailure
    get(option: number): number | NativeFailure
    shutdown(): undefined | NativeFailure
    terminate(): Promise<undefined | NativeFailure>
}

interface Addon {
    NativeContext: new () => NativeContext
    globalContext(): NativeContext
    openSocket(context: NativeContext, type: number): NativeSocket | NativeFailure
    version(): string
}

/** The packages with a build for each platform. Each name is written out, so that bundlers see it. */
const builds: Readonly<Record<string, () => unknown>> = {
    "linux-x64": () => require("@ohmq/linux-x64-gnu"),
}

export const addon: Addon = load()

function load(): Addon {
    const name = `${process.platform}-${process.arch}`
    const build = builds[name]
    if (build === undefined) {
        throw new Error(`ohmq has no build for ${name}; there are builds for ${Object.keys(builds).join(", ")}`)
    }
    try {
        return build() as Addon
    } catch (cause) {
        throw new Error(
            `ohmq's build for ${name} could not be loaded. Its package is an optional dependency of ohmq: was it left out?`,
            {cause},
        )
    }
}
