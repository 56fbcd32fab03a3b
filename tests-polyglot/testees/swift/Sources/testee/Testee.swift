// The Swift actor of the conformance scenarios: it speaks the protocol of tests-polyglot/README.md.

import Foundation
import OhMQ

@main
struct Main {
    /// The main thread reads; everything else happens in tasks of the shared pool.
    static func main() async {
        // Answers go to a private copy of standard output, so that a stray print cannot break the protocol.
        let answers = FileHandle(fileDescriptor: dup(1))
        _ = dup2(2, 1)
        let testee = Testee()
        while let line = readLine() {
            let answer = await testee.answer(line)
            answers.write(answer + Data("\n".utf8))
        }
        _exit(0)
    }
}

/// An error as answers and reports have it.
func described(_ error: any Error) -> [String: JSON] {
    if let error = error as? OhMQError {
        return ["error": .string(error.code.name), "message": .string(error.message)]
    }
    return ["error": .string("EXCEPTION"), "message": .string("\(type(of: error)): \(error)")]
}

actor Testee {
    private var contexts: [String: Context] = [:]
    private var sockets: [String: Socket] = [:]
    private var services: [String: Service] = [:]

    func answer(_ line: String) async -> Data {
        var answer: [String: JSON] = ["id": .null]
        do {
            let request = try JSONDecoder().decode(JSON.self, from: Data(line.utf8))
            answer["id"] = request["id"] ?? .null
            if let result = try await perform(request) {
                answer["ok"] = result
            } else {
                answer["error"] = .string("UNSUPPORTED")
                answer["message"] = .string("operation \(request["op"]?.string ?? "")")
            }
        } catch {
            answer.merge(described(error)) { $1 }
        }
        return (try? JSONEncoder().encode(answer)) ?? Data()
    }

    /// Nil for an operation that this testee does not know.
    private func perform(_ request: JSON) async throws -> JSON? {
        switch request["op"]?.string {
        case "hello": return hello()
        case "context": contexts[try name(request, "context")] = try Context()
        case "context_set": try context(request).set(rawOption: contextOption(request), to: request["value"]?.int ?? 0)
        case "context_get": return .int(try context(request).get(rawOption: contextOption(request)))
        case "shutdown": try context(request).shutdown()
        case "term": try await context(request).terminate()
        case "socket": try makeSocket(request)
        case "set": try set(socket(request), request["option"], request["value"])
        case "get": return json(try socket(request).get(rawOption: socketOption(request["option"])))
        case "bind": return .string(try socket(request).bind(name(request, "endpoint")))
        case "connect": try socket(request).connect(name(request, "endpoint"))
        case "unbind": try socket(request).unbind(name(request, "endpoint"))
        case "disconnect": try socket(request).disconnect(name(request, "endpoint"))
        case "subscribe": try socket(request).subscribe(to: bytes(hex: name(request, "topic")))
        case "unsubscribe": try socket(request).unsubscribe(from: bytes(hex: name(request, "topic")))
        case "send": try await send(request)
        case "recv": return .object(["parts": .list(try await receive(request).map(part))])
        case "stats": return .object(try socket(request).statistics().counters.mapValues { .int(Int($0)) })
        case "close": try close(request)
        case "ping": return try await ping(request)
        case "service": services[try name(request, "socket")] = try Service(socket: socket(request), request: request)
        case "report": return try await service(request).report(within: timeout(request) ?? .zero)
        case "stop": return try await service(request).stop()
        default: return nil
        }
        return .null
    }

    private func hello() -> JSON {
        .object([
            "actor": .string("swift"), "library": .string("ohmq \(ohmqVersion)"), "pid": .int(Int(getpid())),
            "features": .list([.string("stats")]),
        ])
    }

    private func makeSocket(_ request: JSON) throws {
        var number = request["type"]?.int.flatMap(Int32.init(exactly:))
        if let name = request["type"]?.string { number = SocketType.allCases.first { $0.name == name }?.rawValue }
        guard let number else { throw Malformed(description: "no socket type") }
        let socket = try context(request).socket(rawType: number)
        sockets[try name(request, "socket")] = socket
        if case .object(let options) = request["options"] {
            for (name, value) in options { try set(socket, .string(name), value) }
        }
    }

    private func set(_ socket: Socket, _ option: JSON?, _ value: JSON?) throws {
        let number = try socketOption(option)
        switch value {
        case .bool(let value): try socket.set(rawOption: number, to: value)
        case .int(let value): try socket.set(rawOption: number, to: value)
        case .string(let value): try socket.set(rawOption: number, to: value)
        case .object(let value): try socket.set(rawOption: number, to: bytes(hex: value["hex"]?.string ?? ""))
        default: throw Malformed(description: "no value")
        }
    }

    private func json(_ value: AnyOptionValue) -> JSON {
        switch value {
        case .bool(let value): .bool(value)
        case .int(let value): .int(Int(value))
        case .int64(let value): .int(Int(value))
        case .uint64(let value): .int(Int(clamping: value))
        case .bytes(let value): .object(["hex": .string(hex(value))])
        case .text(let value): .string(value)
        }
    }

    private func send(_ request: JSON) async throws {
        let message = Message(frames: try (request["parts"]?.list ?? []).map(frame))
        if let timeout = timeout(request) {
            try await socket(request).send(message, timeout: timeout)
        } else {
            try await socket(request).send(message)
        }
    }

    private func receive(_ request: JSON) async throws -> Message {
        if let timeout = timeout(request) {
            return try await socket(request).receive(timeout: timeout)
        }
        return try await socket(request).receive()
    }

    private func close(_ request: JSON) throws {
        let socket = try socket(request)
        // A terminated context refuses options; the socket is to be closed all the same.
        if let linger = request["linger_ms"]?.int { try? socket.set(.linger, to: linger) }
        socket.close()
    }

    private nonisolated func ping(_ request: JSON) async throws -> JSON {
        let socket = try await socket(request)
        let size = request["size"]?.int ?? 0
        let payload = Message(pattern(size))
        var trips: [Double] = []
        for _ in 0..<(request["count"]?.int ?? 1) {
            let begun = ContinuousClock.now
            try await socket.send(payload)
            let reply = try await socket.receive(timeout: timeout(request) ?? .seconds(5))
            trips.append((ContinuousClock.now - begun) / .microseconds(1))
            guard reply.last?.count == size else { throw Malformed(description: "reply of \(reply) instead of \(size) bytes") }
        }
        trips.sort()
        let median = (trips[(trips.count - 1) / 2] + trips[trips.count / 2]) / 2
        return .object(["count": .int(trips.count), "median_us": .double(median), "min_us": .double(trips[0])])
    }

    private func context(_ request: JSON) throws -> Context {
        try known(contexts[name(request, "context")], "context")
    }

    private func socket(_ request: JSON) throws -> Socket {
        try known(sockets[name(request, "socket")], "socket")
    }

    private func service(_ request: JSON) throws -> Service {
        try known(services[name(request, "socket")], "service")
    }

    private func known<Value>(_ value: Value?, _ what: String) throws -> Value {
        guard let value else { throw Malformed(description: "no such \(what)") }
        return value
    }

    private func socketOption(_ option: JSON?) throws -> Int32 {
        if let number = option?.int { return Int32(clamping: number) }
        return try known(option?.string.flatMap(SocketOption.init(name:)), "option").rawValue
    }

    private func contextOption(_ request: JSON) throws -> Int32 {
        if let number = request["option"]?.int { return Int32(clamping: number) }
        return try known(request["option"]?.string.flatMap(ContextOption.init(name:)), "option").rawValue
    }

    private nonisolated func timeout(_ request: JSON) -> Duration? {
        request["timeout_ms"]?.int.map { .milliseconds($0) }
    }

    private func name(_ request: JSON, _ field: String) throws -> String {
        try known(request[field]?.string, field)
    }
}
