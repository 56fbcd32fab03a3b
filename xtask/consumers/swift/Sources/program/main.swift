// A user's program: `serve COUNT` answers requests, `call ENDPOINT` makes one.

import Foundation
import OhMQ

func serve(_ count: Int) async throws {
    let context = try Context()
    let socket = try context.socket(.rep)
    print(try socket.bind("tcp://127.0.0.1:*"))
    fflush(nil)
    for _ in 0..<count {
        let request = try await socket.receive()
        try await socket.send(Message("swift heard: " + (request.string ?? "")))
    }
    socket.close()
    try await context.terminate()
}

func call(_ endpoint: String) async throws {
    let context = try Context()
    let socket = try context.socket(.req)
    try socket.connect(endpoint)
    try await socket.send("hello from swift")
    print(try await socket.receive().string ?? "")
    socket.close()
    try await context.terminate()
}

let arguments = CommandLine.arguments
if arguments[1] == "serve" {
    try await serve(Int(arguments[2]) ?? 1)
} else {
    try await call(arguments[2])
}
