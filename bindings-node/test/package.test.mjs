// The installed package: its files, both module systems, its types, and the programs of its page.

import assert from "node:assert/strict"
import {execFileSync, spawnSync} from "node:child_process"
import {mkdirSync, readFileSync, rmSync, writeFileSync} from "node:fs"
import {createRequire} from "node:module"
import {dirname, join} from "node:path"
import test from "node:test"
import {fileURLToPath} from "node:url"

import * as zmq from "ohmq"

const require = createRequire(import.meta.url)
const home = dirname(fileURLToPath(import.meta.url))
const manifest = require("ohmq/package.json")
const installed = dirname(require.resolve("ohmq/package.json"))

test("there is one of everything, for import and for require", () => {
    const required = require("ohmq")
    assert.deepEqual(Object.keys(zmq).sort(), Object.keys(required).sort())
    for (const [name, value] of Object.entries(zmq)) {
        assert.equal(required[name], value, name)
    }
})

test("the names of zeromq.js are there", () => {
    const classes = "Context Socket Pair Publisher Subscriber Request Reply Dealer Router Pull Push XPublisher XSubscriber"
    for (const name of classes.split(" ")) {
        assert.equal(typeof zmq[name], "function", name)
    }
    assert.ok(zmq.context instanceof zmq.Context)
    assert.match(zmq.version, /^\d+\.\d+\.\d+$/)
    assert.equal(zmq.version, manifest.version)
    assert.equal(zmq.capability.ipc, true)
})

test("nothing runs when it is installed, and nothing else comes with it", () => {
    const scripts = Object.keys(manifest.scripts ?? {})
    assert.deepEqual(
        scripts.filter((name) => /install|prepare/.test(name)),
        [],
    )
    assert.equal(manifest.dependencies, undefined)
    const platforms = Object.entries(manifest.optionalDependencies)
    assert.ok(platforms.length > 0)
    for (const [name, version] of platforms) {
        assert.match(name, /^@ohmq\//)
        assert.equal(version, manifest.version)
    }
})

test("the addon comes from the platform's package", () => {
    const loaded = Object.keys(require.cache).filter((file) => file.endsWith(".node") && file.includes("ohmq"))
    assert.equal(loaded.length, 1)
    assert.match(loaded[0], /@ohmq|npm/)
})

const peers = process.env.OHMQ_PEERS ?? join(installed, "node_modules")
const compiler = join(peers, "typescript", "bin", "tsc")

function typecheck(t, name, source) {
    const folder = join(home, `types-${name}`)
    mkdirSync(folder, {recursive: true})
    t.after(() => rmSync(folder, {recursive: true}))
    writeFileSync(join(folder, `${name}.mts`), source)
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,esnext.disposable"]
    const modules = ["--module", "nodenext", "--typeRoots", join(peers, "@types"), "--types", "node"]
    return spawnSync(process.execPath, [compiler, ...options, ...modules, join(folder, `${name}.mts`)], {
        encoding: "utf8",
    })
}

test("programs have types", (t) => {
    const {status, stdout} = typecheck(
        t,
        "right",
        `import * as zmq from "ohmq"
         import {Request} from "ohmq"
         const request: Request = new zmq.Request({linger: 0, relaxed: true, context: zmq.context})
         await request.bind("tcp://127.0.0.1:*")
         const endpoint: string | null = request.lastEndpoint
         request.linger = 5
         await request.send(["a", Buffer.from("b"), 3, null], {timeout: 5, signal: AbortSignal.timeout(5)})
         const [part] = await request.receive()
         part?.toString("hex")
         for await (const [first] of new zmq.Subscriber()) first?.length
         const router = new zmq.Router({mandatory: true})
         const [id, ...rest] = await router.receive()
         await router.send([id, ...rest])
         const many: zmq.Message[][] = await new zmq.Pull().receiveMany(5)
         try { request.close() } catch (error) { if (error instanceof zmq.ZmqError) error.code === "EAGAIN" }
         await using context = new zmq.Context({ioThreads: 2})
         const counters: Record<string, number> = request.stats()
         export {endpoint, many, context, counters}`,
    )
    assert.equal(status, 0, stdout)
})

test("what a type cannot do is an error of the compiler", (t) => {
    const wrong = [
        `new zmq.Pull().send("x")`,
        `new zmq.Push().receive()`,
        `new zmq.Pull({sendTimeout: 1})`,
        `new zmq.Request().mandatory = true`,
        `new zmq.Request().lastEndpoint = "x"`,
        `new zmq.Request({linger: "x"})`,
        `new zmq.Pair().send({})`,
        `for await (const m of new zmq.Publisher()) m`,
    ]
    const {status, stdout} = typecheck(t, "wrong", `import * as zmq from "ohmq"\n${wrong.join("\n")}\n`)
    assert.notEqual(status, 0)
    for (const index of wrong.keys()) {
        assert.match(stdout, new RegExp(`wrong\\.mts[(:]${index + 2}\\b`), wrong[index])
    }
})

const page = readFileSync(join(installed, "README.md"), "utf8")
const examples = [...page.matchAll(/^```(js|cjs)\n([\s\S]*?)^```$/gm)]

test("the page has examples", () => assert.ok(examples.length >= 5))

for (const [index, [, kind, code]] of examples.entries()) {
    test(`example ${index + 1} of the page does what its comments say`, {timeout: 30_000}, (t) => {
        const file = join(home, `example-${index + 1}.${kind === "cjs" ? "cjs" : "mjs"}`)
        writeFileSync(file, code)
        t.after(() => rmSync(file))
        const output = execFileSync(process.execPath, [file], {encoding: "utf8", timeout: 20_000})
        const expected = [...code.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, text]) => text)
        assert.ok(expected.length > 0, "no console.log with a comment that says what it prints")
        assert.deepEqual(output.trimEnd().split("\n"), expected)
    })
}
