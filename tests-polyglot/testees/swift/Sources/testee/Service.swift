// A background loop on one socket, whose report can be read at any time.

import Foundation
import OhMQ

/// One running service: a task that owns the socket until it is stopped.
final class Service: Sendable {
    private let report: Report
    private let task: Task<Void, Never>

    init(socket: Socket, request: JSON) throws {
        let plan = try Plan(request)
        let report = Report()
        self.report = report
        task = Task.detached {
            do {
                try await plan.run(on: socket, report)
            } catch let error as OhMQError where error.isCancellation {
                // Stopped while it waited.
            } catch {
                report.update { $0.failure = error }
            }
            report.update { $0.done = !Task.isCancelled || $0.failure != nil || $0.done }
        }
    }

    /// The report, as soon as the service has done its count or the time is up.
    func report(within limit: Duration) async -> JSON {
        let deadline = ContinuousClock.now + limit
        while !report.read(\.done), ContinuousClock.now < deadline {
            // Only how soon the runner hears of it depends on this.
            try? await Task.sleep(for: .milliseconds(1))
        }
        return report.json
    }

    func stop() async -> JSON {
        task.cancel()
        await task.value
        return report.json
    }
}

/// What the request asks for.
private struct Plan: Sendable {
    enum Kind: String {
        case echo, send, receive
    }

    let kind: Kind
    let count: Int
    let size: Int
    let start: Int
    let prefix: [Frame]

    init(_ request: JSON) throws {
        guard let kind = request["kind"]?.string.flatMap(Kind.init) else {
            throw Malformed(description: "unknown kind of service")
        }
        self.kind = kind
        count = request["count"]?.int ?? 0
        size = request["size"]?.int ?? 8
        start = request["start"]?.int ?? 0
        prefix = try (request["prefix"]?.list ?? []).map(frame)
    }

    func run(on socket: Socket, _ report: Report) async throws {
        switch kind {
        case .echo: try await echo(socket, report)
        case .send: try await send(socket, report)
        case .receive: try await receive(socket, report)
        }
    }

    private func echo(_ socket: Socket, _ report: Report) async throws {
        var echoed = 0
        for try await message in socket.messages {
            try await socket.send(message)
            report.update { $0.count += 1 }
            echoed += 1
            if echoed % 64 == 0 { await Task.yield() }
        }
        try await endedBy(socket)
    }

    private func send(_ socket: Socket, _ report: Report) async throws {
        let filler = [UInt8](repeating: 0, count: max(size - 8, 0))
        var sent = 0
        while !Task.isCancelled, count == 0 || sent < count {
            let number = withUnsafeBytes(of: UInt64(start + sent).bigEndian, Array.init)
            let body = Frame(number + filler)
            let message = prefix.isEmpty ? Message(body) : Message(frames: prefix + [body])
            if try !socket.trySend(message) { try await socket.send(message, timeout: .seconds(Int64.max)) }
            sent += 1
            report.update { $0.stamp(count: 1) }
            if sent % 64 == 0 { await Task.yield() }
        }
    }

    private func receive(_ socket: Socket, _ report: Report) async throws {
        var last = -1
        var received = 0
        while count == 0 || received < count {
            let limit = count == 0 ? 64 : min(64, count - received)
            let messages = try await socket.receive(upTo: limit)
            var (size, digest, unordered) = (0, 0, 0)
            for body in messages.compactMap(\.last) {
                size += body.count
                digest = (digest + Int(crc32(body))) & 0xffff_ffff
                if number(body) <= last { unordered += 1 }
                last = number(body)
            }
            received += messages.count
            report.update { $0.take(messages.count, size, digest, unordered) }
            await Task.yield()
        }
    }

    /// A sequence of messages ends without an error; the report is to say why.
    private func endedBy(_ socket: Socket) async throws {
        if !Task.isCancelled { _ = try await socket.receive(timeout: .zero) }
    }
}

/// The report, shared by the service and the reader of commands.
private final class Report: @unchecked Sendable {
    struct Fields {
        var done = false
        var count = 0
        var bytes: Int?
        var digest = 0
        var unordered = 0
        var failure: (any Error)?
        var first: ContinuousClock.Instant?
        var last: ContinuousClock.Instant?

        mutating func stamp(count more: Int) {
            count += more
            last = .now
            if first == nil { first = last }
        }

        mutating func take(_ more: Int, _ size: Int, _ sum: Int, _ wrong: Int) {
            stamp(count: more)
            bytes = (bytes ?? 0) + size
            digest = (digest + sum) & 0xffff_ffff
            unordered += wrong
        }
    }

    private let lock = NSLock()
    private var fields = Fields()

    func update(_ body: (inout Fields) -> Void) {
        lock.withLock { body(&fields) }
    }

    func read<Value>(_ path: KeyPath<Fields, Value>) -> Value {
        lock.withLock { fields[keyPath: path] }
    }

    var json: JSON {
        let fields = lock.withLock { self.fields }
        var elapsed = 0.0
        if let first = fields.first, let last = fields.last { elapsed = (last - first) / .microseconds(1) }
        var answer: [String: JSON] = [
            "done": .bool(fields.done), "count": .int(fields.count), "elapsed_us": .double(elapsed),
            "bytes": .int(fields.bytes ?? 0), "digest": .int(fields.digest), "unordered": .int(fields.unordered),
        ]
        if let failure = fields.failure { answer.merge(described(failure)) { $1 } }
        return .object(answer)
    }
}
