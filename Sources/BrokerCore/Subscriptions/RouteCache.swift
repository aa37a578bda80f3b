//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The routes that one shard has looked up lately.
///
/// A table of fixed size in which a topic has one place: another topic of the same place takes it over. A hit costs
/// one comparison. What the routes take is bounded too: beyond it the table starts anew.
final class RouteCache {
    private var routes: ContiguousArray<Route?>
    private let mask: UInt64
    private let maximumBytes: Int
    private(set) var byteCount = 0

    /// - Parameters:
    ///   - places: rounded up to a power of two.
    ///   - maximumBytes: what the routes may take.
    init(places: Int, maximumBytes: Int = 16 << 20) {
        var size = 1
        while size < places { size *= 2 }
        self.routes = ContiguousArray(repeating: nil, count: size)
        self.mask = UInt64(size - 1)
        self.maximumBytes = maximumBytes
    }

    /// The route of this topic, if it is there and true of this generation of the tree.
    @inline(__always)
    func route(of topic: RawSpan, hash: UInt64, generation: UInt64) -> Route? {
        guard let route = self.routes[Int(truncatingIfNeeded: hash & self.mask)],
            route.topicHash == hash, route.generation == generation, route.topic.count == topic.byteCount
        else { return nil }
        let isSame = route.topic.withUnsafeBytes { known in
            let known = RawSpan(_unsafeBytes: known)
            return known.isEqual(to: topic)
        }
        return isSame ? route : nil
    }

    func insert(_ route: Route) {
        let place = Int(truncatingIfNeeded: route.topicHash & self.mask)
        self.byteCount += route.byteCount - (self.routes[place]?.byteCount ?? 0)
        if self.byteCount > self.maximumBytes {
            self.routes = ContiguousArray(repeating: nil, count: self.routes.count)
            self.byteCount = route.byteCount
        }
        self.routes[place] = route
    }
}
