// Waiting, and everything that ends a wait: a message, the time, cancellation, close, termination.

import Foundation
import XCTest

@testable import OhMQ

final class WaitingTests: XCTestCase {
    func testAWaitingReceiveIsWoken() async throws {
        let pair = try Pair(.pull, .push)
        for round in 0..<200 {
            async let heard = pair.left.receive(timeout: patience)
            try await pair.right.send(Message("\(round)"))
            let message = try await heard
            XCTAssertEqual(message.string, "\(round)")
        }
    }

    func testTimeoutsOfTheCallAndOfTheSocket() async throws {
        let pair = try Pair(.pull, .push)
        await assertThrows(.eagain) { try await pair.left.receive(timeout: .milliseconds(10)) }
        await assertThrows(.eagain) { try await pair.left.receive(timeout: .zero) }
        // What is left until a deadline that has passed.
        let left = pair.left
        let over = Task { try await left.receive(timeout: .seconds(-1)) }
        let alarm = Task {
            try await Task.sleep(for: .seconds(5))
            over.cancel()
        }
        await assertThrows(.eagain) { try await over.value }
        alarm.cancel()
        try pair.left.set(.receiveTimeout, to: Duration.milliseconds(10))
        await assertThrows(.eagain) { try await pair.left.receive() }
        let nothing = try pair.left.tryReceive()
        XCTAssertNil(nothing)
        // Deadlines in the wrong order: the earlier one, asked for later, still ends first.
        let late = Task { try await pair.left.receive(timeout: patience) }
        await eventually("somebody waits") { pair.left.waiters.count == 1 }
        await assertThrows(.eagain) { try await pair.left.receive(timeout: .milliseconds(20)) }
        XCTAssertEqual(pair.left.waiters.count, 1)
        late.cancel()
        await assertThrows(.eintr) { try await late.value }
    }

    func testSendingWaitsForRoom() async throws {
        let context = try Context()
        let push = try context.socket(.push)
        let pull = try context.socket(.pull)
        try push.set(.sendHighWaterMark, to: 1)
        try pull.set(.receiveHighWaterMark, to: 1)
        let endpoint = try pull.bind("inproc://\(name)")
        try push.connect(endpoint)
        try push.set(.sendTimeout, to: Duration.milliseconds(10))
        var accepted = 0
        while try push.trySend(Message("\(accepted)")) { accepted += 1 }
        XCTAssertGreaterThan(accepted, 0)
        await assertThrows(.eagain) { try await push.send("too many") }
        try push.set(.sendTimeout, to: -1)
        let waiting = Task { try await push.send("waits") }
        await eventually("it waits") { push.waiters.count == 1 }
        for number in 0..<accepted {
            let message = try await pull.receive(timeout: patience)
            XCTAssertEqual(message.string, "\(number)")
        }
        try await waiting.value
        let last = try await pull.receive(timeout: patience)
        XCTAssertEqual(last, "waits")
    }

    func testCancellationEndsAWaitAtOnce() async throws {
        let pair = try Pair(.pull, .push)
        // Nothing else ends it: had it missed the cancellation, it would end with its time.
        let waiting = Task { try await pair.left.receive(timeout: patience) }
        await eventually("it waits") { pair.left.waiters.count == 1 }
        waiting.cancel()
        let error = await assertThrows(.eintr) { try await waiting.value }
        XCTAssertEqual(error?.isCancellation, true)
        // A task that is cancelled already does not begin to wait, but takes what is there.
        try await pair.right.send("there")
        try await eventually("it arrived") { try pair.left.events().contains(.receive) }
        let late = Task { () async throws -> Message in
            await eventually("cancelled") { Task.isCancelled }
            return try await pair.left.receive()
        }
        late.cancel()
        let message = try await late.value
        XCTAssertEqual(message, "there")
        let never = Task { () async throws -> Message in
            await eventually("cancelled") { Task.isCancelled }
            return try await pair.left.receive()
        }
        never.cancel()
        await assertThrows(.eintr) { try await never.value }
    }

    func testCancelledReceivesLoseAndDuplicateNothing() async throws {
        let seed: UInt64 = 20_260_731
        print("seed \(seed)")
        var random = Random(seed: seed)
        let pair = try Pair(.pull, .push)
        let (left, right) = (pair.left, pair.right)
        let total = 2000
        let sender = Task {
            for number in 0..<total { try await right.send(Message("\(number)")) }
        }
        var heard: [Int] = []
        while heard.count < total {
            let receive = Task { try await left.receive(timeout: patience) }
            for _ in 0..<Int.random(in: 0..<4, using: &random) { await Task.yield() }
            if Bool.random(using: &random) { receive.cancel() }
            switch await receive.result {
            case .success(let message):
                heard.append(try XCTUnwrap(message.string.flatMap(Int.init)))
            case .failure(let error as OhMQError) where error.isCancellation:
                break
            case .failure(let error):
                return XCTFail("after \(heard.count): \(error)")
            }
        }
        try await sender.value
        XCTAssertEqual(heard, Array(0..<total))
        let rest = try left.tryReceive()
        XCTAssertNil(rest)
    }

    func testCancelledSendsLoseAndDuplicateNothing() async throws {
        let seed: UInt64 = 42
        print("seed \(seed)")
        var random = Random(seed: seed)
        let context = try Context()
        let push = try context.socket(.push)
        let pull = try context.socket(.pull)
        try push.set(.sendHighWaterMark, to: 1)
        try pull.set(.receiveHighWaterMark, to: 1)
        try push.connect(try pull.bind("inproc://\(name)"))
        let receiver = Task { () async throws -> [Int] in
            var heard: [Int] = []
            while heard.last != -1 {
                let message = try await pull.receive(timeout: patience)
                heard.append(try XCTUnwrap(message.string.flatMap(Int.init)))
                if heard.count % 3 == 0 { await Task.yield() }
            }
            return heard
        }
        var sent: [Int] = []
        for number in 0..<2000 {
            let send = Task { try await push.send(Message("\(number)")) }
            for _ in 0..<Int.random(in: 0..<4, using: &random) { await Task.yield() }
            if Bool.random(using: &random) { send.cancel() }
            switch await send.result {
            case .success: sent.append(number)
            case .failure(let error as OhMQError) where error.isCancellation: break
            case .failure(let error): return XCTFail("after \(number): \(error)")
            }
        }
        try await push.send("-1")
        let heard = try await receiver.value
        XCTAssertEqual(heard, sent + [-1])
    }

    func testCloseEndsEveryWait() async throws {
        let context = try Context()
        let pull = try context.socket(.pull)
        try pull.bind("tcp://127.0.0.1:*")
        let waiting = (0..<5).map { _ in Task { try await pull.receive() } }
        let sequence = Task { () async throws -> Int in
            var count = 0
            for try await _ in pull.messages { count += 1 }
            return count
        }
        await eventually("all wait") { pull.waiters.count == 6 }
        pull.close()
        pull.close()
        for task in waiting { await assertThrows(.enotsock) { try await task.value } }
        let count = try await sequence.value
        XCTAssertEqual(count, 0)
        await assertThrows(.enotsock) { try await pull.receive() }
        await assertThrows(.enotsock) { try pull.bind("inproc://x") }
    }

    func testShutdownEndsEveryWait() async throws {
        let context = try Context()
        let pull = try context.socket(.pull)
        let push = try context.socket(.push)
        try pull.bind("tcp://127.0.0.1:*")
        try push.bind("tcp://127.0.0.1:*")
        let receiving = Task { try await pull.receive() }
        let sending = Task { try await push.send("nobody is there") }
        let sequence = Task { () async throws -> Int in
            var count = 0
            for try await _ in pull.batches() { count += 1 }
            return count
        }
        await eventually("all wait") { pull.waiters.count == 2 && push.waiters.count == 1 }
        try context.shutdown()
        await assertThrows(.eterm) { try await receiving.value }
        await assertThrows(.eterm) { try await sending.value }
        let count = try await sequence.value
        XCTAssertEqual(count, 0)
        await assertThrows(.eterm) { try context.socket(.req) }
    }

    func testTerminationWaitsForTheSockets() async throws {
        let context = try Context()
        let socket = try context.socket(.push)
        let terminated = Task { try await context.terminate() }
        await eventually("shut down") { (try? socket.events()) == nil }
        socket.close()
        try await terminated.value
        try await context.terminate()
        try context.shutdown()
    }

    func testCancellationEndsTheWaitForTermination() async throws {
        let context = try Context()
        let socket = try context.socket(.push)
        let terminated = Task { try await context.terminate() }
        await eventually("shut down") { (try? socket.events()) == nil }
        terminated.cancel()
        await assertThrows(.eintr) { try await terminated.value }
        socket.close()
    }

    func testLeavingASequenceLosesNothing() async throws {
        let pair = try Pair(.pull, .push)
        for number in 0..<10 { try await pair.right.send(Message("\(number)")) }
        var heard: [String?] = []
        for try await message in pair.left.messages {
            heard.append(message.string)
            if heard.count == 4 { break }
        }
        for try await batch in pair.left.batches(upTo: 4) {
            XCTAssertLessThanOrEqual(batch.count, 4)
            heard.append(contentsOf: batch.map(\.string))
            if heard.count == 10 { break }
        }
        XCTAssertEqual(heard, (0..<10).map { "\($0)" })
    }

    func testManyTasksShareOneSocket() async throws {
        let pair = try Pair(.pull, .push)
        let (left, right) = (pair.left, pair.right)
        let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
            for sender in 0..<8 {
                group.addTask {
                    for number in 0..<250 { try await right.send(Message("\(sender * 250 + number)")) }
                    return []
                }
            }
            for _ in 0..<8 {
                group.addTask {
                    var heard: [Int] = []
                    for _ in 0..<250 {
                        let message = try await left.receive(timeout: patience)
                        heard.append(message.string.flatMap(Int.init) ?? -1)
                    }
                    return heard
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        XCTAssertEqual(numbers.sorted(), Array(0..<2000))
    }

    func testASocketWithoutReferencesIsClosed() async throws {
        let context = try Context()
        var endpoint = ""
        do {
            let socket = try context.socket(.rep)
            endpoint = try socket.bind("inproc://\(name)")
            await assertThrows(.eagain) { try await socket.receive(timeout: .milliseconds(5)) }
        }
        let other = try context.socket(.rep)
        try await eventually("the name is free") {
            do {
                try other.bind(endpoint)
                return true
            } catch let error as OhMQError where error.code == .eaddrinuse {
                return false
            }
        }
        other.close()
        try await context.terminate()
    }

    func testBlockingCallsForPlainThreads() async throws {
        let pair = try Pair(.rep, .req)
        let (left, right) = (pair.left, pair.right)
        let done = expectation(description: "the server thread ends")
        Thread.detachNewThread {
            do throws(OhMQError) {
                let question = try left.receiveBlocking(timeout: patience)
                try left.sendBlocking(question)
                _ = try left.receiveBlocking(timeout: .seconds(-1))
                XCTFail("there was no second question")
            } catch {
                XCTAssertEqual(error.code, .eagain, error.message)
            }
            done.fulfill()
        }
        try await right.send("echo")
        let reply = try await right.receive(timeout: patience)
        XCTAssertEqual(reply, "echo")
        await fulfillment(of: [done], timeout: 20)
    }
}
