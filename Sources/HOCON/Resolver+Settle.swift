//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Resolver {
    /// Finds out what definitions come to, from the last one back to where earlier ones can no longer have an effect.
    mutating func settle(
        _ definitions: ArraySlice<Syntax>,
        at location: SourceLocation
    ) throws(HOCONError) -> Settlement {
        try spend(definitions.count + 1, at: location)
        try descend(at: location)
        defer { ascend() }

        let visible = definitions.prefix { definition in
            guard let identity = definition.identity else { return true }
            return !settling.contains(identity)
        }
        var settlement = Settlement(outcome: .undefined)
        settlement.isCut = visible.count < definitions.count
        settlement.lookedBack = settlement.isCut

        // From the last one to the first one, so the layers come in reverse.
        var groups: [[Layer]] = []
        scan: for index in visible.indices.reversed() {
            let part = try settle(visible[index], before: visible[..<index], hasLayers: !groups.isEmpty)
            settlement.lookedBack = settlement.lookedBack || part.lookedBack
            switch part.outcome {
            case .undefined:
                continue
            case .layers(let layers):
                groups.append(layers)
                settlement.sources += part.sources
            case .value(let value):
                if groups.isEmpty { settlement.outcome = .value(value) }
                break scan
            }
        }
        if !groups.isEmpty { settlement.outcome = .layers(groups.reversed().flatMap(\.self)) }
        return settlement
    }

    /// Finds out what one definition comes to. `hasLayers` says that only an object is of interest.
    private mutating func settle(
        _ definition: Syntax,
        before earlier: ArraySlice<Syntax>,
        hasLayers: Bool
    ) throws(HOCONError) -> Settlement {
        switch definition {
        case .literal(let value):
            if case .object(let object) = value.content { return Settlement(outcome: .layers([.value(object)])) }
            return Settlement(outcome: .value(value))
        case .object(let object):
            return Settlement(outcome: .layers([.syntax(object)]))
        case .array(let array):
            let elements = hasLayers ? [] : try evaluate(array)
            return Settlement(outcome: .value(HOCONValue(.array(elements), at: array.location)))
        case .append(let append):
            let elements = hasLayers ? [] : try evaluate(append, after: earlier)
            return Settlement(outcome: .value(HOCONValue(.array(elements), at: append.location)))
        case .concatenation(let concatenation):
            settling.insert(concatenation.identity)
            defer { settling.remove(concatenation.identity) }
            return try join(concatenation)
        case .substitution(let substitution):
            settling.insert(substitution.identity)
            defer { settling.remove(substitution.identity) }
            let settlement = try lookUp(substitution)
            if case .value = settlement.outcome, substitution.mustBeObject {
                throw HOCONError(.mixedConcatenation, at: substitution.location)
            }
            return settlement
        }
    }

    private mutating func evaluate(_ array: ArraySyntax) throws(HOCONError) -> [HOCONValue] {
        if let identity = array.identity { settling.insert(identity) }
        var values: [HOCONValue] = []
        for element in array.elements {
            if let value = try evaluate(element, at: array.location) { values.append(value) }
        }
        if let identity = array.identity { settling.remove(identity) }
        return values
    }

    /// Evaluates the list which `append` adds to, and adds to it. A run of `+=` is done in a loop, not by recursion.
    private mutating func evaluate(
        _ append: AppendSyntax,
        after earlier: ArraySlice<Syntax>
    ) throws(HOCONError) -> [HOCONValue] {
        var run = [append]
        var base = earlier
        while case .some(.append(let previous)) = base.last {
            run.append(previous)
            base.removeLast()
        }

        var values: [HOCONValue] = []
        switch try settle(base, at: append.location).outcome {
        case .undefined:
            break
        case .value(let value):
            guard case .array(let elements) = value.content else {
                throw HOCONError(.mixedConcatenation, at: append.location)
            }
            values = elements
        case .layers:
            throw HOCONError(.mixedConcatenation, at: append.location)
        }

        for append in run.reversed() {
            settling.insert(append.identity)
            if let value = try evaluate(append.element, at: append.location) { values.append(value) }
            settling.remove(append.identity)
        }
        return values
    }

    /// Looks a substitution up: relative to where its file was included, then from the root, then in the environment.
    mutating func lookUp(_ substitution: SubstitutionSyntax) throws(HOCONError) -> Settlement {
        var lookedBack = false
        let paths = substitution.basePath.isEmpty ? [] : [substitution.basePath + substitution.path]
        for path in paths + [substitution.path] {
            var settlement = try find(path, at: substitution.location)
            switch settlement.outcome {
            case .undefined:
                lookedBack = lookedBack || settlement.lookedBack
            case .value(let value):
                settlement.outcome = .value(HOCONValue(value.content, at: substitution.location))
                return settlement
            case .layers:
                settlement.sources = [substitution]
                return settlement
            }
        }
        if let text = environment[substitution.name] {
            return Settlement(outcome: .value(HOCONValue(.string(text), at: substitution.location)))
        }
        guard substitution.isOptional else {
            throw HOCONError(
                lookedBack
                    ? .substitutionCycle(path: substitution.name) : .undefinedSubstitution(path: substitution.name),
                at: substitution.location
            )
        }
        return Settlement(outcome: .undefined, lookedBack: lookedBack)
    }

    /// Follows a path from the root, opening only the objects on the way.
    private mutating func find(_ path: [String], at location: SourceLocation) throws(HOCONError) -> Settlement {
        var layers: [Layer] = [.syntax(root)]
        var lookedBack = false
        for (index, key) in path.enumerated() {
            var settlement = try settle(definitions(of: key, in: layers).0[...], at: location)
            settlement.lookedBack = settlement.lookedBack || lookedBack
            lookedBack = settlement.lookedBack
            if index == path.count - 1 { return settlement }
            guard case .layers(let next) = settlement.outcome else { break }
            layers = next
        }
        return Settlement(outcome: .undefined, lookedBack: lookedBack)
    }
}
