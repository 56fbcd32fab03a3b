// Who waits on one socket, in lanes: one who must wait holds up those in the same lane and nobody else.

/// Which way a task waits: for a message, for any peer's room, or for the room of those peers that one first frame chooses.
struct LaneName: Hashable, Sendable {
    let events: Events
    /// Of a ROUTER's message the address, of a publication what the subscriptions are compared with; nil for other sockets,
    /// where one message that has to wait says that all have to.
    let firstFrame: Frame?

    static let receive = LaneName(events: .receive, firstFrame: nil)

    func hash(into hasher: inout Hasher) {
        hasher.combine(events.rawValue)
        guard let firstFrame else { return }
        // Publications may be large, and addresses are not: more would tell little apart.
        hasher.combine(firstFrame.count)
        firstFrame.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(64))) }
    }
}

/// The lanes of one socket. Joining and leaving cost the same however many wait.
struct Lanes {
    private var lanes: [LaneName: Lane] = [:]
    /// Who has not been served for the longest time is first.
    private var turns = Line<Lane>()
    /// How many wait in each direction.
    private var receivers = 0
    private var senders = 0

    var count: Int { receivers + senders }

    /// The directions in which somebody waits.
    var wanted: Events {
        var wanted = Events()
        if receivers > 0 { wanted.insert(.receive) }
        if senders > 0 { wanted.insert(.send) }
        return wanted
    }

    /// Puts somebody at the end of the lane, and says whether nobody waited there before.
    mutating func append(_ waiter: AnyWaiter) -> Bool {
        let known = lanes[waiter.name]
        let lane = known ?? Lane(name: waiter.name)
        if known == nil {
            lanes[waiter.name] = lane
            turns.append(lane)
        }
        lane.waiters.append(waiter)
        waiter.lane = lane
        counted(waiter, 1)
        return known == nil
    }

    /// Takes somebody out; false when they had left already.
    @discardableResult
    mutating func remove(_ waiter: AnyWaiter) -> Bool {
        guard let lane = waiter.lane else { return false }
        lane.waiters.remove(waiter)
        waiter.lane = nil
        counted(waiter, -1)
        if lane.waiters.first == nil {
            turns.remove(lane)
            lanes[lane.name] = nil
        }
        return true
    }

    /// Lets every lane go on, one at a time in turn, until its first must wait. Gives those whose wait that has ended.
    mutating func serve() -> [AnyWaiter] {
        var ended: [AnyWaiter] = []
        var refused = Line<Lane>()
        while let lane = turns.first {
            turns.remove(lane)
            guard let waiter = lane.waiters.first, waiter.attempt() else {
                refused.append(lane)
                continue
            }
            // Back in the queue, so that leaving is the same from everywhere.
            turns.append(lane)
            remove(waiter)
            ended.append(waiter)
        }
        turns = refused
        return ended
    }

    /// Lets the first of one lane try. Gives them when that has ended their wait.
    mutating func serve(_ name: LaneName) -> AnyWaiter? {
        guard let waiter = lanes[name]?.waiters.first, waiter.attempt() else { return nil }
        remove(waiter)
        return waiter
    }

    /// Everybody who waits, in no order between the lanes.
    var all: [AnyWaiter] {
        var all: [AnyWaiter] = []
        all.reserveCapacity(count)
        for lane in lanes.values {
            var next = lane.waiters.first
            while let waiter = next {
                all.append(waiter)
                next = waiter.next
            }
        }
        return all
    }

    private mutating func counted(_ waiter: AnyWaiter, _ step: Int) {
        if waiter.name.events == .receive { receivers += step } else { senders += step }
    }
}

/// Those who wait for the same, first come first.
final class Lane: Linked {
    let name: LaneName
    var waiters = Line<AnyWaiter>()
    var previous: Lane?
    var next: Lane?

    init(name: LaneName) {
        self.name = name
    }
}

/// A member of at most one line, which it can leave from wherever it stands.
protocol Linked: AnyObject {
    associatedtype Neighbour: Linked where Neighbour.Neighbour == Neighbour
    var previous: Neighbour? { get set }
    var next: Neighbour? { get set }
}

/// A queue whose members know their neighbours.
struct Line<Member: Linked> where Member.Neighbour == Member {
    private(set) var first: Member?
    private var last: Member?

    mutating func append(_ member: Member) {
        member.previous = last
        if let last { last.next = member } else { first = member }
        last = member
    }

    /// Takes out a member of this line.
    mutating func remove(_ member: Member) {
        if let previous = member.previous { previous.next = member.next } else { first = member.next }
        if let next = member.next { next.previous = member.previous } else { last = member.previous }
        member.previous = nil
        member.next = nil
    }
}

/// One waiting task. Everything that changes is touched only with the lock of its `Waiters` held.
class AnyWaiter: Linked, @unchecked Sendable {
    let name: LaneName
    let operation: String
    let deadline: Deadline?
    var cancelled = false
    /// Where it waits, while it does.
    var lane: Lane?
    var previous: AnyWaiter?
    var next: AnyWaiter?

    init(name: LaneName, operation: String, deadline: Deadline?) {
        self.name = name
        self.operation = operation
        self.deadline = deadline
    }

    /// True when the wait is over, one way or the other.
    func attempt() -> Bool { true }
    func fail(_ error: OhMQError) {}
    /// Lets the task go on with what it got. Not to be called with the lock held.
    func resume() {}
}
