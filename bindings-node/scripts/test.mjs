// Packs both packages, installs them into an empty project as a user would, and runs test/ there.
//
// Further arguments go to `node --test`. OHMQ_CONSUMER names the project's folder.

import {execFileSync, spawnSync} from "node:child_process"
import {cpSync, mkdirSync, readdirSync, rmSync, writeFileSync} from "node:fs"
import {dirname, join} from "node:path"
import {fileURLToPath} from "node:url"

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const consumer = process.env.OHMQ_CONSUMER ?? join(dirname(home), "target", "node-consumer")
const tarballs = join(consumer, "tarballs")

rmSync(consumer, {recursive: true, force: true})
mkdirSync(tarballs, {recursive: true})
const platforms = readdirSync(join(home, "npm")).map((name) => join(home, "npm", name))
for (const folder of [home, ...platforms]) {
    npm(folder, "pack", "--silent", "--pack-destination", tarballs)
}
writeFileSync(join(consumer, "package.json"), '{"name": "consumer", "private": true, "type": "module"}\n')
npm(consumer, "install", "--silent", "--no-save", "--no-audit", "--no-fund", ...files("tarballs"))
cpSync(join(home, "test"), join(consumer, "test"), {recursive: true})

// Where the tests find what they compare with; the package itself needs none of it.
const environment = {
    OHMQ_PEERS: join(home, "node_modules"),
    OHMQ_TESTEE: join(dirname(home), "target", "debug", "ohmq-testee"),
    ...process.env,
}
const tests = spawnSync(process.execPath, ["--test", "--test-timeout=120000", ...process.argv.slice(2), ...files("test")], {
    cwd: consumer,
    stdio: "inherit",
    env: environment,
})
process.exitCode = tests.status ?? 1

/** The files of one of the project's folders: packages, and tests by name, since Node's own search takes helpers too. */
function files(folder) {
    const names = readdirSync(join(consumer, folder)).filter((name) => /\.tgz$|\.test\./.test(name))
    return names.map((name) => join(consumer, folder, name))
}

function npm(folder, ...words) {
    execFileSync("npm", words, {cwd: folder, stdio: ["ignore", "ignore", "inherit"]})
}
