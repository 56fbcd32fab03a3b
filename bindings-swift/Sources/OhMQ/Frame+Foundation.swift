// What Foundation's users expect of a frame.

import Foundation

extension Frame: ContiguousBytes {}

extension Message {
    /// The bytes of a message of one frame; of several frames, those of the first.
    public var data: Data { Data(self[0]) }
}
