//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Finds the first rule that matches a topic: the rules' filters as a tree of levels, all clients' rules in one.
///
/// Which of the rules are about the client at hand is a mask that is laid over the result. So the tree is built once for
/// a set of rules, takes memory once, and a look-up costs a step a level of the topic, however many rules there are.
/// A topic can reach each node by one way only, so that the rules bound the steps, not the topic.
struct TopicIndex: Sendable {
    /// 64 rules of which some end at a node.
    private struct Mark {
        let word: Int
        var bits: UInt64
    }

    private struct Node {
        /// Ranges in `edges`, sorted by hash, and in `dynamics`.
        var edges = 0..<0
        var dynamics = 0..<0
        /// The node behind `+`.
        var single: Int?
        /// Ranges in `marks`, in ascending order: filters that end here, and those that end in `#` here.
        var ends = 0..<0
        var rests = 0..<0
    }

    private struct Edge {
        let hash: UInt64
        /// Where its word stands in `words`.
        let word: Range<Int>
        let child: Int
    }

    private struct Dynamic {
        let pieces: [TopicPattern.Piece]
        let child: Int
    }

    private var nodes: [Node] = []
    private var edges: [Edge] = []
    private var words: [UInt8] = []
    private var dynamics: [Dynamic] = []
    private var marks: [Mark] = []

    /// - Parameter entries: filters with the numbers of their rules
    init(_ entries: [(levels: [TopicPattern.Level], rule: Int)]) {
        let root = Draft()
        for entry in entries { root.insert(entry.levels, rule: entry.rule) }
        // Breadth first: a node's children have their numbers before they are laid down.
        var drafts = [root]
        var next = 0
        while next < drafts.count {
            let draft = drafts[next]
            next += 1
            func number(_ child: Draft) -> Int {
                drafts.append(child)
                return drafts.count - 1
            }
            var node = Node()
            let sorted = draft.literals.map { (hash: Self.hash($0.key), bytes: $0.key, draft: $0.value) }
                .sorted { $0.hash < $1.hash }
            let firstEdge = self.edges.count
            for edge in sorted {
                let word = self.words.count..<self.words.count + edge.bytes.count
                self.words += edge.bytes
                self.edges.append(Edge(hash: edge.hash, word: word, child: number(edge.draft)))
            }
            node.edges = firstEdge..<self.edges.count
            let firstDynamic = self.dynamics.count
            for dynamic in draft.dynamics {
                self.dynamics.append(Dynamic(pieces: dynamic.key, child: number(dynamic.value)))
            }
            node.dynamics = firstDynamic..<self.dynamics.count
            node.single = draft.single.map(number)
            node.ends = self.add(draft.ends)
            node.rests = self.add(draft.rests)
            self.nodes.append(node)
        }
    }

    private mutating func add(_ rules: Set<Int>) -> Range<Int> {
        let first = self.marks.count
        for rule in rules.sorted() {
            if self.marks.count > first, self.marks[self.marks.count - 1].word == rule / 64 {
                self.marks[self.marks.count - 1].bits |= 1 << UInt64(rule % 64)
            } else {
                self.marks.append(Mark(word: rule / 64, bits: 1 << UInt64(rule % 64)))
            }
        }
        return first..<self.marks.count
    }

    /// A node while the tree grows.
    private final class Draft {
        var literals: [[UInt8]: Draft] = [:]
        var dynamics: [[TopicPattern.Piece]: Draft] = [:]
        var single: Draft?
        var ends: Set<Int> = []
        var rests: Set<Int> = []

        func insert(_ levels: [TopicPattern.Level], rule: Int) {
            var draft = self
            for level in levels {
                switch level {
                case .rest:
                    draft.rests.insert(rule)
                    return
                case .single:
                    let child = draft.single ?? Draft()
                    draft.single = child
                    draft = child
                case .literal(let bytes): draft = Self.child(bytes, &draft.literals)
                case .pieces(let pieces): draft = Self.child(pieces, &draft.dynamics)
                }
            }
            draft.ends.insert(rule)
        }

        private static func child<Key: Hashable>(_ key: Key, _ children: inout [Key: Draft]) -> Draft {
            if let child = children[key] { return child }
            let child = Draft()
            children[key] = child
            return child
        }
    }

    /// FNV-1a. It only has to spread the operator's words; bytes are compared anyway.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    // MARK: Looking up

    /// The first rule that is about a client and matches a topic.
    /// - Parameters:
    ///   - limit: only rules before this one are of interest
    ///   - applicable: the rules that are about the client
    func first(matching topic: String, before limit: Int, among applicable: RuleMask, for names: ClientNames) -> Int? {
        let bytes = topic.utf8Span.span
        guard bytes.count > 0 else { return nil }
        var search = Search(applicable: applicable.words, best: limit)
        self.visit(0, bytes, from: 0, &search, names)
        return search.best < limit ? search.best : nil
    }

    private struct Search {
        let applicable: [UInt64]
        var best: Int

        mutating func consider(_ mark: Mark) -> Bool {
            guard mark.word * 64 < self.best else { return true }
            let hits = mark.bits & self.applicable[mark.word]
            guard hits != 0 else { return false }
            self.best = min(self.best, mark.word * 64 + hits.trailingZeroBitCount)
            return true
        }
    }

    /// Goes as deep as the filters of the rules, which ``TopicPattern/maximumLevels`` bounds.
    private func visit(
        _ number: Int,
        _ topic: Span<UInt8>,
        from start: Int,
        _ search: inout Search,
        _ names: ClientNames
    ) {
        let node = self.nodes[number]
        let isReserved = start == 0 && topic[0] == UInt8(ascii: "$")
        if !isReserved { self.consider(node.rests, &search) }
        guard !node.edges.isEmpty || node.single != nil || !node.dynamics.isEmpty else { return }

        var end = start
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        while end < topic.count, topic[end] != UInt8(ascii: "/") {
            hash = (hash ^ UInt64(topic[end])) &* 0x100_0000_01B3
            end += 1
        }
        let level = topic.extracting(start..<end)
        if let child = self.child(in: node.edges, hash: hash, level) {
            self.follow(child, topic, end, &search, names)
        }
        for dynamic in node.dynamics where names.matches(self.dynamics[dynamic].pieces, level, isFirst: start == 0) {
            self.follow(self.dynamics[dynamic].child, topic, end, &search, names)
        }
        if let single = node.single, !isReserved { self.follow(single, topic, end, &search, names) }
    }

    private func follow(
        _ child: Int,
        _ topic: Span<UInt8>,
        _ end: Int,
        _ search: inout Search,
        _ names: ClientNames
    ) {
        guard end == topic.count else { return self.visit(child, topic, from: end + 1, &search, names) }
        self.consider(self.nodes[child].ends, &search)
        // `sport/#` also matches `sport`.
        self.consider(self.nodes[child].rests, &search)
    }

    private func consider(_ marks: Range<Int>, _ search: inout Search) {
        for mark in marks where search.consider(self.marks[mark]) { return }
    }

    private func child(in range: Range<Int>, hash: UInt64, _ level: Span<UInt8>) -> Int? {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if self.edges[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        while low < range.upperBound, self.edges[low].hash == hash {
            if self.isEqual(self.edges[low].word, level) { return self.edges[low].child }
            low += 1
        }
        return nil
    }

    private func isEqual(_ word: Range<Int>, _ level: Span<UInt8>) -> Bool {
        guard word.count == level.count else { return false }
        for index in level.indices {
            guard self.words[word.lowerBound + index] == level[index] else { return false }
        }
        return true
    }
}
