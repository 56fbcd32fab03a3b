// Waiting for the room of one peer among several: whom it holds up, and what it costs.

import XCTest

@testable import OhMQ

final class LaneTests: XCTestCase {
    func testOneWhoIsRefusedAlthoughTheSocketIsReadyWaitsForTheDescriptor() async throws {
        // A publisher is always ready to send something.
        let publisher = try Context().socket(.pub)
        let tries = Guarded(0)
        await assertThrows(.eagain) {
            try await publisher.waiters.wait(in: publisher.lane(of: "x"), "send", timeout: .milliseconds(50)) {
                tries.withLock { $0 += 1 }
                return nil as Void?
            }
        }
        XCTAssertLessThan(tries.withLock { $0 }, 10)
    }

    func testWhoJoinsALaneLeavesTheOthersAlone() async throws {
        let pull = try Context().socket(.pull)
        let tries = Guarded(0)
        let waiting = (0..<200).map { _ in
            Task {
                try await pull.waiters.wait(in: .receive, "receive", timeout: nil) {
                    tries.withLock { $0 += 1 }
                    return nil as Void?
                }
            }
        }
        await eventually("all wait") { pull.waiters.count == 200 }
        XCTAssertLessThan(tries.withLock { $0 }, 10)
        for task in waiting { task.cancel() }
        for task in waiting { await assertThrows(.eintr) { try await task.value } }
        XCTAssertEqual(pull.waiters.count, 0)
    }

    func testAFullPeerOfARouterHoldsUpNobodyElse() async throws {
        try await aFullDealerHoldsUpNobodyElse(over: .tcp)
    }

    func testAFullSubscriberHoldsUpNoOtherPublication() async throws {
        try await aFullSubscriberHoldsUpNoOtherPublication(over: .tcp)
    }

    func testAFullPeerOfARouterHoldsUpNobodyElseOverInproc() async throws {
        try await aFullDealerHoldsUpNobodyElse(over: .inproc)
    }

    func testAFullSubscriberHoldsUpNoOtherPublicationOverInproc() async throws {
        try await aFullSubscriberHoldsUpNoOtherPublication(over: .inproc)
    }

    private func aFullDealerHoldsUpNobodyElse(over transport: Transport) async throws {
        let context = try Context()
        let router = try context.socket(.router)
        try router.set(.routerMandatory, to: true)
        try router.set(.sendHighWaterMark, to: 1)
        let endpoint = try router.bind(transport.wildcard)
        let dealers = try ["a", "b"].map { name in
            let dealer = try context.socket(.dealer)
            try dealer.set(.routingId, to: name)
            try dealer.set(.receiveHighWaterMark, to: 1)
            try dealer.connect(endpoint)
            return dealer
        }
        for dealer in dealers {
            try await dealer.send("here")
            _ = try await router.receive(timeout: patience)
        }
        try await theFirstHoldsUpNobodyElse(router, dealers)
    }

    private func aFullSubscriberHoldsUpNoOtherPublication(over transport: Transport) async throws {
        let context = try Context()
        let publisher = try context.socket(.xpub)
        try publisher.set(.xpubNoDrop, to: true)
        try publisher.set(.sendHighWaterMark, to: 1)
        let endpoint = try publisher.bind(transport.wildcard)
        let subscribers = try ["a", "b"].map { topic in
            let subscriber = try context.socket(.sub)
            try subscriber.subscribe(to: topic)
            try subscriber.set(.receiveHighWaterMark, to: 1)
            try subscriber.connect(endpoint)
            return subscriber
        }
        for _ in subscribers { _ = try await publisher.receive(timeout: patience) }
        try await theFirstHoldsUpNobodyElse(publisher, subscribers)
    }

    /// Sends to "a", who does not listen, until that has to wait, then everything to "b", who does.
    private func theFirstHoldsUpNobodyElse(_ sender: Socket, _ peers: [Socket]) async throws {
        let body = Frame(pattern(50_000))
        let stuck = Task {
            while true { try await sender.send(Message(frames: ["a", body])) }
        }
        await eventually("it waits") { sender.waiters.count == 1 }
        let total = 300
        let sending = Task {
            for number in 0..<total { try await sender.send(Message(frames: ["b", body, Frame("\(number)")])) }
        }
        for number in 0..<total {
            let message = try await peers[1].receive(timeout: .seconds(5))
            XCTAssertEqual(message.last?.string, "\(number)")
        }
        try await sending.value
        // The one that waits goes on where it stopped, when there is room.
        await eventually("it waits still") { sender.waiters.count == 1 }
        stuck.cancel()
        await assertThrows(.eintr) { try await stuck.value }
    }

    func testALaneIsServedInOrderAndLanesInTurn() {
        var lanes = Lanes()
        let served = Guarded<[String]>([])
        let room = Guarded(3)
        for (lane, label) in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("c", "c2")] {
            XCTAssertEqual(lanes.append(Stub(lane, label, room, served)), label.hasSuffix("1"))
        }
        XCTAssertEqual(lanes.wanted, .send)
        XCTAssertEqual(lanes.serve().count, 3)
        XCTAssertEqual(served.withLock { $0 }, ["a1", "b1", "c1"])
        room.withLock { $0 = 1 }
        _ = lanes.serve()
        room.withLock { $0 = 9 }
        _ = lanes.serve()
        XCTAssertEqual(served.withLock { $0 }, ["a1", "b1", "c1", "a2", "c2", "a3"])
        XCTAssertEqual(lanes.count, 0)
        XCTAssertEqual(lanes.wanted, [])
    }

    func testWhoLeavesALaneLeavesNoGap() {
        var lanes = Lanes()
        let served = Guarded<[String]>([])
        let stubs = (0..<5).map { Stub("a", "\($0)", Guarded(9), served) }
        for stub in stubs { _ = lanes.append(stub) }
        for leaving in [2, 0, 4] { XCTAssertTrue(lanes.remove(stubs[leaving])) }
        XCTAssertFalse(lanes.remove(stubs[2]))
        XCTAssertEqual(lanes.all.count, 2)
        _ = lanes.serve()
        XCTAssertEqual(served.withLock { $0 }, ["1", "3"])
        XCTAssertEqual(lanes.count, 0)
    }
}

/// Somebody who is served while there is room.
private final class Stub: AnyWaiter, @unchecked Sendable {
    private let label: String
    private let room: Guarded<Int>
    private let served: Guarded<[String]>

    init(_ lane: String, _ label: String, _ room: Guarded<Int>, _ served: Guarded<[String]>) {
        self.label = label
        self.room = room
        self.served = served
        super.init(name: LaneName(events: .send, firstFrame: Frame(lane)), operation: "send", deadline: nil)
    }

    override func attempt() -> Bool {
        let hasRoom = room.withLock { room in
            defer { room -= 1 }
            return room > 0
        }
        if hasRoom { served.withLock { $0.append(label) } }
        return hasRoom
    }
}
