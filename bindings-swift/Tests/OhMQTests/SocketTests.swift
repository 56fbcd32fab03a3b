// Contexts and sockets: options, statistics, endpoints, errors.

import XCTest

@testable import OhMQ

final class SocketTests: XCTestCase {
    func testOptionsOfEveryKind() throws {
        let socket = try Context().socket(.dealer)
        try socket.set(.routingId, to: [0x01, 0x02] as [UInt8])
        XCTAssertEqual(try socket.get(.routingId) as [UInt8], [1, 2])
        try socket.set(.linger, to: Duration.seconds(2))
        XCTAssertEqual(try socket.get(.linger) as Int, 2000)
        XCTAssertEqual(try socket.get(.linger) as Duration, .seconds(2))
        try socket.set(.maxMessageSize, to: 5_000_000_000)
        XCTAssertEqual(try socket.get(.maxMessageSize) as Int64, 5_000_000_000)
        try socket.set(.immediate, to: true)
        XCTAssertEqual(try socket.get(.immediate) as Bool, true)
        XCTAssertEqual(try socket.get(.lastEndpoint) as String, "")
        let endpoint = try socket.bind("tcp://127.0.0.1:*")
        XCTAssertEqual(try socket.get(.lastEndpoint) as String, endpoint)
        XCTAssertEqual(try socket.get(.type) as Int, Int(SocketType.dealer.rawValue))
    }

    func testATimeThatAnOptionCannotHoldIsAnError() async throws {
        let socket = try Context().socket(.dealer)
        try socket.setLinger(.milliseconds(5))
        for time: Duration in [.seconds(86_400 * 100), .microseconds(-500), .microseconds(-1500), .seconds(-5), .seconds(Int64.min)] {
            await assertThrows(.einval) { try socket.setLinger(time) }
        }
        XCTAssertEqual(try socket.linger, .milliseconds(5))
        try socket.setLinger(.milliseconds(-1))
        XCTAssertEqual(try socket.linger, .milliseconds(-1))
        try socket.setLinger(.microseconds(500))
        XCTAssertEqual(try socket.linger, .milliseconds(1))
    }

    func testAnOptionReadAsTheWrongTypeIsAnError() async throws {
        let socket = try Context().socket(.dealer)
        await assertThrows(.einval) { try socket.get(.linger) as String }
        await assertThrows(.einval) { try socket.get(.routingId) as Int }
    }

    func testAnOptionThatIsNotImplementedSaysSo() async throws {
        let socket = try Context().socket(.dealer)
        let error = await assertThrows(.enotsup) { try socket.set(rawOption: 47, to: true) }
        XCTAssertTrue(error?.message.contains("CURVE_SERVER") ?? false, error?.message ?? "")
    }

    func testContextOptions() async throws {
        let context = try Context()
        try context.set(.ioThreads, to: 2)
        XCTAssertEqual(try context.get(.ioThreads), 2)
        await assertThrows(.einval) { try context.set(.ioThreads, to: .min) }
        let most = try context.get(.maxMessageSize)
        await assertThrows(.einval) { try context.set(.maxMessageSize, to: 1 << 40) }
        XCTAssertEqual(try context.get(.maxMessageSize), most)
        await assertThrows(.einval) { try context.get(rawOption: 4242) }
    }

    func testEverySocketTypeOfTheEngine() throws {
        let context = try Context()
        for type in [SocketType.pair, .pub, .sub, .req, .rep, .dealer, .router, .pull, .push, .xpub, .xsub] {
            let socket = try context.socket(type)
            XCTAssertEqual(try socket.get(.type) as Int, Int(type.rawValue))
        }
    }

    func testErrorsCarryCodeOperationAndSubject() async throws {
        let socket = try Context().socket(.req)
        let error = await assertThrows(.eprotonosupport) { try socket.bind("foo://x") }
        XCTAssertEqual(error?.operation, "bind")
        XCTAssertEqual(error?.errno, 93)
        XCTAssertTrue(error?.subject.contains("foo://x") ?? false, "\(String(describing: error))")
        XCTAssertTrue(error?.description.hasPrefix("EPROTONOSUPPORT") ?? false)
        await assertThrows(.efsm) { try await socket.receive() }
    }

    func testAnErrorOfTheMessagePlaneNamesWhatWasTried() async throws {
        let context = try Context()
        let pull = try context.socket(.pull)
        let error = await assertThrows(.enotsup) { try await pull.send("x") }
        XCTAssertEqual(error?.operation, "send")
        XCTAssertFalse(error?.message.isEmpty ?? true)
    }

    func testStatisticsBalance() async throws {
        let pair = try Pair(.pull, .push)
        for number in 0..<100 { try await pair.right.send(Message("\(number)")) }
        for _ in 0..<60 { _ = try await pair.left.receive(timeout: patience) }
        try await eventually("all has arrived") { try pair.left.statistics()["recv_accepted"] == 100 }
        let (left, right) = (try pair.left.statistics(), try pair.right.statistics())
        XCTAssertEqual(left["recv_delivered"], 60)
        XCTAssertEqual(left["recv_queued"], 40)
        XCTAssertEqual(right["sent_accepted"], 100)
        XCTAssertTrue(left.isBalanced, "\(left)")
        XCTAssertTrue(right.isBalanced, "\(right)")
        XCTAssertFalse(Statistics(counters: ["sent_accepted": 2, "sent_delivered": 1]).isBalanced)
    }

    func testEventsTellWhatWouldNotWait() async throws {
        let pair = try Pair(.pair, .pair)
        try await pair.right.send("x")
        try await eventually("readable and writable") { try pair.left.events() == [.receive, .send] }
        _ = try await pair.left.receive(timeout: patience)
        XCTAssertEqual(try pair.left.events(), .send)
    }

    func testBatchesTakeWhatIsThere() async throws {
        let pair = try Pair(.pull, .push)
        try await pair.right.send(contentsOf: [["a", "b"], "", "c", Message(pattern(5000))])
        try await eventually("all has arrived") { try pair.left.statistics()["recv_accepted"] == 4 }
        XCTAssertEqual(try pair.left.tryReceive(upTo: 0), [])
        XCTAssertEqual(try pair.left.tryReceive(upTo: 2), [["a", "b"], ""])
        let rest = try await pair.left.receive(upTo: 100)
        XCTAssertEqual(rest, ["c", Message(pattern(5000))])
        XCTAssertEqual(try pair.left.tryReceive(upTo: 100), [])
    }
}
