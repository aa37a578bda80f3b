//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

/// The tree of a file, with what the environment and the command line lay over it.
struct ConfigurationTree {
    private(set) var root: HOCONObject

    /// Where values come from which are not from the file, by key.
    private(set) var origins: [String: ConfigurationSource] = [:]

    init(_ root: HOCONObject) {
        self.root = root
    }

    /// The value at a path.
    func value(at path: [String]) -> HOCONValue? {
        root.value(at: path)
    }

    /// Lays a value over the tree. What is no block stays as it is if there should be one: it is an error to be told.
    mutating func set(_ path: [String], _ content: HOCONValue.Content, _ source: ConfigurationSource) {
        let location = SourceLocation(file: source.description, line: 0, column: 0)
        if path.first == "listeners", root["listeners"] == nil {
            // Whoever adds a listener from outside a file does not take away the one that is there without it.
            let tcp = HOCONValue(.object(HOCONObject(at: location)), at: location)
            root.set(["listeners", "tcp"], tcp)
            origins["listeners"] = .standard
            origins["listeners.tcp"] = .standard
        }
        for count in path.indices.dropFirst() where root.value(at: path[..<count]) == nil {
            origins[path[..<count].joined(separator: ".")] = source
        }
        origins[path.joined(separator: ".")] = source
        root.set(path, HOCONValue(content, at: location))
    }
}

extension HOCONObject {
    /// Sets the value at a path, making the objects on the way. Something else on the way stays, and nothing is set.
    mutating func set(_ path: some Collection<String>, _ value: HOCONValue) {
        guard let key = path.first else { return }
        let rest = path.dropFirst()
        var member = self.member(key) ?? Member(key: key, keyLocation: value.location, value: value)
        if rest.isEmpty {
            member.value = value
        } else {
            var child = HOCONObject(at: value.location)
            switch self[key]?.content {
            case .object(let present): child = present
            case nil: break
            default: return
            }
            child.set(Array(rest), value)
            member.value = HOCONValue(.object(child), at: member.value.location)
        }
        set(member)
    }
}
