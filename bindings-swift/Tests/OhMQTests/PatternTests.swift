// Every socket type, over every transport, with real sockets.

import XCTest

@testable import OhMQ

final class PatternTests: XCTestCase {
    func testRequestReplyOfAllSizesOverAllTransports() async throws {
        for transport in Transport.allCases {
            let pair = try Pair(.rep, .req, over: transport)
            for size in [0, 1, 255, 256, 1023, 1024, 1025, 8192, 65_536, 1_048_576] {
                let question = Message(pattern(size, seed: size))
                try await pair.right.send(question)
                let heard = try await pair.left.receive(timeout: patience)
                XCTAssertEqual(heard, question, "\(transport) \(size)")
                try await pair.left.send(heard)
                let answer = try await pair.right.receive(timeout: patience)
                XCTAssertEqual(answer, question, "\(transport) \(size)")
            }
        }
    }

    func testMultipartMessagesStayWhole() async throws {
        for transport in Transport.allCases {
            let pair = try Pair(.pull, .push, over: transport)
            let large = Frame(pattern(100_000))
            let messages: [Message] = [
                ["a", "b"], ["", ""], ["", "x", ""], Message(frames: [large, "tail", large]),
                Message(frames: (0..<50).map { Frame("\($0)") }),
            ]
            try await pair.right.send(contentsOf: messages)
            for message in messages {
                let heard = try await pair.left.receive(timeout: patience)
                XCTAssertEqual(heard, message, "\(transport)")
            }
        }
    }

    func testPair() async throws {
        let pair = try Pair(.pair, .pair)
        try await pair.left.send("from left")
        try await pair.right.send("from right")
        let (atRight, atLeft) = (try await pair.right.receive(timeout: patience), try await pair.left.receive(timeout: patience))
        XCTAssertEqual(atRight, "from left")
        XCTAssertEqual(atLeft, "from right")
    }

    func testPushSharesOutAndPullQueuesFairly() async throws {
        let context = try Context()
        let push = try context.socket(.push)
        let endpoint = try push.bind("tcp://127.0.0.1:*")
        let workers = try (0..<3).map { _ in try context.socket(.pull) }
        for worker in workers { try worker.connect(endpoint) }
        try await eventually("all are connected") { try push.statistics()["connections_established"] == 3 }
        for number in 0..<300 { try await push.send(Message("\(number)")) }
        var numbers: Set<Int> = []
        for worker in workers {
            for _ in 0..<100 {
                let message = try await worker.receive(timeout: patience)
                numbers.insert(try XCTUnwrap(message.string.flatMap(Int.init)))
            }
        }
        XCTAssertEqual(numbers, Set(0..<300))
    }

    func testPublishersFilterByPrefix() async throws {
        let context = try Context()
        let publisher = try context.socket(.xpub)
        let endpoint = try publisher.bind("tcp://127.0.0.1:*")
        let subscriber = try context.socket(.sub)
        try subscriber.subscribe(to: "a")
        try subscriber.subscribe(to: [0x00, 0xff])
        try subscriber.connect(endpoint)
        let first = try await publisher.receive(timeout: patience)
        let second = try await publisher.receive(timeout: patience)
        XCTAssertEqual(Set([first, second]), [Message([1, 0x61]), Message([1, 0x00, 0xff])])
        try await publisher.send("b: not wanted")
        try await publisher.send(["apple", "body"])
        try await publisher.send(Message([0x00, 0xff, 0x01]))
        let heard = [try await subscriber.receive(timeout: patience), try await subscriber.receive(timeout: patience)]
        XCTAssertEqual(heard, [["apple", "body"], Message([0x00, 0xff, 0x01])])
        try subscriber.unsubscribe(from: "a")
        let gone = try await publisher.receive(timeout: patience)
        XCTAssertEqual(gone, Message([0, 0x61]))
    }

    func testPubReachesSubAndXsub() async throws {
        let context = try Context()
        let publisher = try context.socket(.pub)
        let endpoint = try publisher.bind("inproc://\(name)")
        let sub = try context.socket(.sub)
        try sub.subscribe(to: "")
        try sub.connect(endpoint)
        let xsub = try context.socket(.xsub)
        try xsub.connect(endpoint)
        try await xsub.send(Message([1]))
        // A publication before the subscription arrived is nobody's: publish until both have one.
        for subscriber in [sub, xsub] {
            try await eventually("a publication arrives") {
                _ = try publisher.trySend("news")
                return try subscriber.tryReceive() == "news"
            }
        }
    }

    func testRouterKnowsDealersByName() async throws {
        let context = try Context()
        let router = try context.socket(.router)
        try router.set(.routerMandatory, to: true)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let named = try context.socket(.dealer)
        try named.set(.routingId, to: "alice")
        try named.connect(endpoint)
        let unnamed = try context.socket(.dealer)
        try unnamed.connect(endpoint)
        try await named.send(["", "I am"])
        let fromAlice = try await router.receive(timeout: patience)
        XCTAssertEqual(fromAlice, ["alice", "", "I am"])
        try await unnamed.send("who am I?")
        let fromOther = try await router.receive(timeout: patience)
        XCTAssertEqual(fromOther.count, 2)
        XCTAssertEqual(fromOther[0].count, 5)
        XCTAssertEqual(fromOther[0].first, 0)
        try await router.send(Message(frames: [fromOther[0], "somebody"]))
        try await router.send(["alice", "hello"])
        let toOther = try await unnamed.receive(timeout: patience)
        let toAlice = try await named.receive(timeout: patience)
        XCTAssertEqual(toOther, "somebody")
        XCTAssertEqual(toAlice, "hello")
        let error = await assertThrows(.ehostunreach) { try await router.send(["nobody", "x"]) }
        XCTAssertEqual(error?.operation, "send")
    }

    func testConnectBeforeBindAndReconnect() async throws {
        let context = try Context()
        let pull = try context.socket(.pull)
        let push = try context.socket(.push)
        let endpoint = Transport.ipc.wildcard
        try push.connect(endpoint)
        try await push.send("early")
        try pull.bind(endpoint)
        let early = try await pull.receive(timeout: patience)
        XCTAssertEqual(early, "early")
        pull.close()
        let again = try context.socket(.pull)
        try await eventually("the path is free") {
            do {
                try again.bind(endpoint)
                return true
            } catch let error as OhMQError where error.code == .eaddrinuse {
                return false
            }
        }
        // What is sent while the loss is unnoticed may be lost with the connection: send until one arrives.
        try await eventually("a message arrives") {
            _ = try push.trySend("late")
            return try again.tryReceive() == "late"
        }
    }

    func testUnbindAndDisconnect() async throws {
        let pair = try Pair(.pull, .push)
        try await pair.right.send("x")
        _ = try await pair.left.receive(timeout: patience)
        try pair.right.disconnect(pair.endpoint)
        try pair.left.unbind(pair.endpoint)
        await assertThrows(.eagain) { try await pair.right.send("y", timeout: .milliseconds(20)) }
        await assertThrows(.enoent) { try pair.right.disconnect(pair.endpoint) }
    }
}
