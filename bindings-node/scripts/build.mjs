// Builds the addon into this platform's package, and the TypeScript into dist/.
//
// OHMQ_PROFILE chooses cargo's profile: `dist` for what is shipped, `dev` while developing.

import {execFileSync} from "node:child_process"
import {copyFileSync, mkdirSync, rmSync, writeFileSync} from "node:fs"
import {createRequire} from "node:module"
import {dirname, join} from "node:path"
import {fileURLToPath} from "node:url"

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const repository = dirname(home)
const require = createRequire(import.meta.url)

buildAddon()
buildScripts()
for (const license of ["LICENSE-MIT", "LICENSE-APACHE"]) {
    copyFileSync(join(repository, license), join(home, license))
}

function buildAddon() {
    const profile = process.env.OHMQ_PROFILE ?? "dist"
    const messages = execFileSync(
        "cargo",
        ["build", "--package", "ohmq-node", "--profile", profile, "--message-format", "json-render-diagnostics"],
        {cwd: repository, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"]},
    )
    const artifact = messages
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line))
        .findLast((message) => message.reason === "compiler-artifact" && message.target.name === "ohmq_node")
    const target = join(home, "npm", platform(), "ohmq.node")
    // A new file, never the old one overwritten: a process may have it mapped.
    rmSync(target, {force: true})
    copyFileSync(artifact.filenames[0], target)
}

function buildScripts() {
    const dist = join(home, "dist")
    rmSync(dist, {recursive: true, force: true})
    mkdirSync(dist)
    execFileSync(process.execPath, [join(home, "node_modules/typescript/bin/tsc"), "--project", home], {
        cwd: home,
        stdio: "inherit",
    })
    // One implementation for both module systems, so that there is one of each class.
    const names = Object.keys(require(join(dist, "index.js"))).sort()
    const list = names.join(",\n    ")
    writeFileSync(
        join(dist, "index.mjs"),
        `// The same objects as for require(), under their names.\n\nimport ohmq from "./index.js"\n\nexport const {\n    ${list},\n} = ohmq\n`,
    )
    writeFileSync(join(dist, "index.d.mts"), 'export * from "./index.js"\n')
}

/** This machine's name as the packages have it. */
function platform() {
    const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "gnu"
    const {platform, arch} = process
    return platform === "linux" ? `${platform}-${arch}-${libc}` : `${platform}-${arch}`
}
