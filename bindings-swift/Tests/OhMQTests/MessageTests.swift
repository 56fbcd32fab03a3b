// Messages and frames as values.

import Foundation
import XCTest

@testable import OhMQ

final class MessageTests: XCTestCase {
    func testAMessageIsNeverWithoutAFrame() {
        XCTAssertEqual(Message().count, 1)
        XCTAssertEqual(Message(frames: []).count, 1)
        XCTAssertEqual(Message(frames: [])[0].count, 0)
        XCTAssertFalse(Message().isMultipart)
    }

    func testLiteralsAndConversions() {
        let text: Message = "grüße"
        XCTAssertEqual(text.string, "grüße")
        XCTAssertEqual(text.byteCount, 7)
        XCTAssertEqual(Message([1, 2, 3] as [UInt8])[0].map { $0 }, [1, 2, 3])
        XCTAssertEqual(Message(Data([9, 8])).data, Data([9, 8]))
        XCTAssertNil(Message([0xff, 0xfe] as [UInt8]).string)
        let number = 7
        let interpolated: Message = "number \(number)"
        XCTAssertEqual(interpolated, "number 7")
        XCTAssertEqual(["\(number)", "x"] as Message, ["7", "x"])
        XCTAssertEqual(Message(["a", "b"].map { Frame($0) }), ["a", "b"])
        XCTAssertEqual(Message((["a", "b", "c"] as Message).dropFirst()), ["b", "c"])
        XCTAssertEqual(Message([]), "")
        let frame: Frame = "x"
        XCTAssertEqual(Message(frame), "x")
    }

    func testFramesKeepTheirBounds() {
        let message: Message = ["", "address", "", "body"]
        XCTAssertEqual(message.count, 4)
        XCTAssertEqual(message.map(\.string), ["", "address", "", "body"])
        XCTAssertEqual(message.last?.string, "body")
        XCTAssertNil(message.string)
        XCTAssertEqual(Array(message.dropFirst(2)), ["", "body"])
    }

    func testEqualityLooksAtBoundsToo() {
        XCTAssertNotEqual(["ab", "c"] as Message, ["a", "bc"])
        XCTAssertNotEqual(["ab"] as Message, ["a", "b"])
        XCTAssertEqual(["a"] as Message, "a")
    }

    func testAppendingMakesAMultipartMessage() {
        var message: Message = "a"
        message.append("")
        message.append("c")
        XCTAssertEqual(message, ["a", "", "c"])
        message.frames[1] = "b"
        XCTAssertEqual(message, ["a", "b", "c"])
    }

    func testAFrameIsContiguousAndCheapToSlice() {
        let frame = Frame([1, 2, 3, 4] as [UInt8])
        XCTAssertEqual(frame.withUnsafeBytes { $0.count }, 4)
        XCTAssertEqual(frame.withContiguousStorageIfAvailable { $0.reduce(0, +) }, 10)
        XCTAssertEqual(Array(frame[1...2]), [2, 3])
        XCTAssertEqual(Data(frame), Data([1, 2, 3, 4]))
    }

    func testDescriptionsAreShort() {
        XCTAssertEqual((["a", "b"] as Message).description, "[\"a\", \"b\"]")
        XCTAssertEqual(Message(repeatElement(0, count: 100)).description, "[100 bytes]")
    }

    func testDurationsAreWholeMillisecondsRoundedUp() {
        XCTAssertEqual(Duration.microseconds(1).milliseconds, 1)
        XCTAssertEqual(Duration.milliseconds(1500).milliseconds, 1500)
        XCTAssertEqual(Duration.seconds(-1).milliseconds, -1000)
        XCTAssertEqual(Duration.zero.milliseconds, 0)
        XCTAssertEqual(Duration.seconds(Int64.max).milliseconds, Int64.max)
    }
}
