//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// How the listeners that there are become those that are asked for.
struct ListenerPlan {
    let wanted: [ListenerSettings]
    /// One for each that is wanted.
    private var found: [BoundListener?]
    private var errors: [ListenerError?]
    private var actions: [ListenerChange.Action?]
    /// Listeners that are none of the wanted.
    private var old: [BoundListener]
    private var removed: [ListenerChange] = []

    init(from listeners: [BoundListener], to wanted: [ListenerSettings]) {
        self.wanted = wanted
        self.old = listeners
        self.found = Array(repeating: nil, count: wanted.count)
        self.errors = Array(repeating: nil, count: wanted.count)
        self.actions = Array(repeating: nil, count: wanted.count)
        // Those that stay just as they are come first, so that none of them is changed into another.
        self.match { $0 == $1 }
        self.match { $0.label == $1.label && $0.isBound(like: $1) }
        for index in self.missing {
            self.actions[index] = self.old.contains { $0.settings.label == wanted[index].label } ? .moved : .added
        }
    }

    private mutating func match(_ isSame: (ListenerSettings, ListenerSettings) -> Bool) {
        for index in self.wanted.indices where self.found[index] == nil {
            guard let position = self.old.firstIndex(where: { isSame($0.settings, self.wanted[index]) }) else {
                continue
            }
            self.found[index] = self.old.remove(at: position)
        }
    }

    /// Gives those that stay their new terms; also those whose settings are the same, since their files may not be.
    mutating func update() {
        for index in self.wanted.indices {
            guard let listener = self.found[index] else { continue }
            do throws(ListenerError) {
                if try listener.update(self.wanted[index]) { self.actions[index] = .changed }
            } catch {
                self.actions[index] = .changed
                self.errors[index] = error
            }
        }
    }

    /// The wanted ones that are not open.
    var missing: [Int] { self.wanted.indices.filter { self.found[$0] == nil } }

    /// The wanted one of this name, if it is not open.
    func missing(_ label: String) -> Int? { self.missing.first { self.wanted[$0].label == label } }

    func isAddressInUse(at index: Int) -> Bool { self.errors[index]?.isAddressInUse ?? false }

    mutating func opened(_ listener: BoundListener, at index: Int) {
        self.found[index] = listener
        self.errors[index] = nil
    }

    mutating func failed(_ error: ListenerError, at index: Int) { self.errors[index] = error }

    /// What is open instead of the one that could not be.
    mutating func keep(_ listener: BoundListener, at index: Int) { self.found[index] = listener }

    /// The old ones that nothing depends on, to be removed.
    mutating func takeUnneeded() -> [BoundListener] {
        var unneeded: [BoundListener] = []
        for listener in self.old {
            let label = listener.settings.label
            let successors = self.wanted.indices.filter {
                self.wanted[$0].label == label && self.actions[$0] == .moved
            }
            // One that could not be moved stays where it is, as long as that helps.
            guard successors.allSatisfy({ self.found[$0] != nil }) else { continue }
            unneeded.append(listener)
            if successors.isEmpty { self.removed.append(ListenerChange(label, .removed)) }
        }
        self.old.removeAll { listener in unneeded.contains { $0 === listener } }
        return unneeded
    }

    /// The old ones that hold a port which one of the wanted cannot get.
    mutating func takeBlockers() -> [BoundListener] {
        let ports = Set(self.missing.filter { self.isAddressInUse(at: $0) }.map { self.wanted[$0].port })
        let blockers = self.old.filter { ports.contains($0.settings.port) }
        self.old.removeAll { ports.contains($0.settings.port) }
        return blockers
    }

    /// The listeners that there are now, and what has happened.
    func finish() -> ([BoundListener], [ListenerChange]) {
        let changes = self.wanted.indices.compactMap { index in
            self.actions[index].map {
                ListenerChange(self.wanted[index].label, $0, error: self.errors[index])
            }
        }
        return (self.found.compactMap(\.self) + self.old, changes + self.removed)
    }
}
