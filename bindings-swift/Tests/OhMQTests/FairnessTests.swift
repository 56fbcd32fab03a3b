// Calls that succeed at once: they leave room for other tasks, and hear of their own cancellation.

import Foundation
import XCTest

@testable import OhMQ

final class FairnessTests: XCTestCase {
    func testASequenceEndsWithItsTaskWhileMessagesAreThere() async throws {
        let pair = try Pair(.pull, .push, over: .inproc)
        try pair.left.set(.receiveTimeout, to: Duration.seconds(5))
        for number in 0..<20 { try await pair.right.send(Message("\(number)")) }
        let left = pair.left
        let single = Task { () async throws -> Int in
            var count = 0
            for try await _ in left.messages {
                count += 1
                if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return count
        }
        let singles = try await single.value
        XCTAssertEqual(singles, 3)
        let batched = Task { () async throws -> Int in
            var count = 0
            for try await batch in left.batches(upTo: 2) {
                count += batch.count
                withUnsafeCurrentTask { $0?.cancel() }
            }
            return count
        }
        let batches = try await batched.value
        XCTAssertEqual(batches, 2)
        XCTAssertEqual(try left.tryReceive()?.string, "5")
    }

    func testLoopsThatNeverWaitLeaveRoomForOtherTasks() async throws {
        let context = try Context()
        let publisher = try context.socket(.pub)
        try publisher.bind(Transport.inproc.wildcard)
        let sent = try await mostTurnsUntilAnotherRuns { try await publisher.send("nobody listens") }
        XCTAssertLessThan(sent, limit)

        let pull = try context.socket(.pull)
        let push = try context.socket(.push)
        try pull.set(.receiveHighWaterMark, to: 0)
        try push.set(.sendHighWaterMark, to: 0)
        try push.connect(try pull.bind(Transport.inproc.wildcard))
        for _ in 0..<(limit * loops) { _ = try push.trySend("x") }
        let received = try await mostTurnsUntilAnotherRuns { _ = try await pull.receive(timeout: patience) }
        XCTAssertLessThan(received, limit)
    }

    private let limit = 5000
    /// More than there are threads for.
    private let loops = ProcessInfo.processInfo.activeProcessorCount * 2

    /// How often the busiest of the loops does `body`, at most `limit` times, before a task that came last has its turn.
    private func mostTurnsUntilAnotherRuns(_ body: @escaping @Sendable () async throws -> Void) async throws -> Int {
        let limit = self.limit
        let ran = Guarded(false)
        let busy = (0..<loops).map { _ in
            Task.detached { () async throws -> Int in
                var turns = 0
                while turns < limit, !ran.withLock({ $0 }) {
                    try await body()
                    turns += 1
                }
                return turns
            }
        }
        await Task.detached { ran.withLock { $0 = true } }.value
        var most = 0
        for task in busy { most = max(most, try await task.value) }
        return most
    }
}
