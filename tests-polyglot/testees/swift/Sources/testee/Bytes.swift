// The protocol's forms of parts: hex, patterns, lengths with a CRC-32.

import OhMQ

/// The bytes `(seed + i) mod 251`.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        var value = seed % 251
        for index in 0..<count {
            buffer[index] = UInt8(value)
            value = value == 250 ? 0 : value + 1
        }
        filled = count
    }
}

func bytes(hex: String) throws -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    guard digits.count == hex.count, digits.count % 2 == 0 else { throw Malformed(description: "not hex: \(hex)") }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// A part of a request.
func frame(_ part: JSON) throws -> Frame {
    if let text = part.string { return Frame(try bytes(hex: text)) }
    guard let seed = part["seed"]?.int, let count = part["len"]?.int else {
        throw Malformed(description: "not a part: \(part)")
    }
    return Frame(pattern(count, seed: seed))
}

/// A part of an answer.
func part(_ frame: Frame) -> JSON {
    if frame.count <= 64 { return .string(hex(frame)) }
    return .object(["len": .int(frame.count), "crc32": .int(Int(crc32(frame)))])
}

private let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
}

/// CRC-32 as in zlib.
func crc32(_ frame: Frame) -> UInt32 {
    frame.withUnsafeBytes { bytes in
        table.withUnsafeBufferPointer { table in
            ~bytes.reduce(~UInt32(0)) { (crc: UInt32, byte: UInt8) in
                table[Int((crc ^ UInt32(byte)) & 0xff)] ^ (crc >> 8)
            }
        }
    }
}

/// The number at the head of a body.
func number(_ frame: Frame) -> Int {
    frame.prefix(8).reduce(0) { ($0 << 8) | Int($1) }
}
