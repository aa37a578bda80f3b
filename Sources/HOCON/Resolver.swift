//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Resolves the substitutions of a parsed text, and with that turns syntax into values.
///
/// A substitution is looked up along its path from the root, opening only what lies on the path, so objects may
/// refer to each other's members. A definition which is being settled is invisible to the lookups it makes: they see
/// only what was defined before it, which is how `path = ${path}":/more"` works.
///
/// Time is bounded by ``HOCON/maximumResolutionSteps`` and the stack by ``HOCON/maximumResolutionDepth``: substitutions
/// can describe a value which is exponentially larger than the text.
struct Resolver {
    /// One of the objects which together make up a value; the later ones win.
    enum Layer {
        case syntax(ObjectSyntax)
        case value(HOCONObject)
    }

    /// What definitions come to, with objects not yet opened.
    struct Settlement {
        enum Outcome {
            case undefined
            case value(HOCONValue)
            case layers([Layer])
        }

        var outcome: Outcome
        /// The substitutions, among the definitions themselves, which gave some of the layers.
        var sources: [SubstitutionSyntax] = []
        /// Whether the last definitions were left out because they are being settled themselves.
        var isCut = false
        /// Whether something on the way was left out for that reason.
        var lookedBack = false
    }

    let root: ObjectSyntax
    let environment: [String: String]

    /// The definitions being settled.
    var settling: Set<Int> = []
    /// The substitutions whose objects are being opened.
    private var opening: [SubstitutionSyntax] = []
    private var depth = 0
    private var steps = 0

    init(root: ObjectSyntax, environment: [String: String]) {
        self.root = root
        self.environment = environment
    }

    mutating func resolve() throws(HOCONError) -> HOCONObject {
        try open([.syntax(root)], sources: [], at: root.location)
    }

    /// The value which definitions come to; `nil` if they are all optional substitutions of nothing.
    mutating func evaluate(_ definitions: Definitions, at location: SourceLocation) throws(HOCONError) -> HOCONValue? {
        let settlement = try settle(definitions[...], at: location)
        // Looking back is for a substitution which names the value. One that names an object around it, and so comes
        // here from above, has no end.
        if settlement.isCut { throw cycle(opening.last, at: location) }
        switch settlement.outcome {
        case .undefined: return nil
        case .value(let value): return value
        case .layers(let layers):
            let object = try open(layers, sources: settlement.sources, at: location)
            return HOCONValue(.object(object), at: object.location)
        }
    }

    /// Opens layers into an object, evaluating all members.
    private mutating func open(
        _ layers: [Layer],
        sources: [SubstitutionSyntax],
        at location: SourceLocation
    ) throws(HOCONError) -> HOCONObject {
        if case .some(.value(let object)) = layers.first, layers.count == 1 { return object }
        // An object which holds a substitution of itself never ends.
        for source in sources where opening.contains(where: { $0.identity == source.identity }) {
            throw cycle(source, at: location)
        }
        try descend(at: location)
        opening += sources
        var object = HOCONObject(at: layers.last?.location ?? location)
        var seen: Set<String> = []
        for layer in layers {
            for key in layer.keys where seen.insert(key).inserted {
                let (definitions, keyLocation) = definitions(of: key, in: layers)
                let place = keyLocation ?? location
                guard let value = try evaluate(definitions, at: place) else { continue }
                object.set(HOCONObject.Member(key: key, keyLocation: place, value: value))
            }
        }
        opening.removeLast(sources.count)
        ascend()
        return object
    }

    private func cycle(_ substitution: SubstitutionSyntax?, at location: SourceLocation) -> HOCONError {
        HOCONError(.substitutionCycle(path: substitution?.name ?? "…"), at: substitution?.location ?? location)
    }

    /// The definitions of a member in all the layers, and where its key was last written.
    func definitions(of key: String, in layers: [Layer]) -> (Definitions, SourceLocation?) {
        var definitions: Definitions = []
        var keyLocation: SourceLocation?
        for layer in layers {
            switch layer {
            case .syntax(let object):
                guard let field = object.fields[key] else { continue }
                definitions += field.definitions
                keyLocation = field.keyLocation
            case .value(let object):
                guard let member = object.member(key) else { continue }
                definitions.append(.literal(member.value))
                keyLocation = member.keyLocation
            }
        }
        return (definitions, keyLocation)
    }

    mutating func descend(at location: SourceLocation) throws(HOCONError) {
        depth += 1
        guard depth <= HOCON.maximumResolutionDepth else {
            throw HOCONError(.limitExceeded(.substitutionDepth(HOCON.maximumResolutionDepth)), at: location)
        }
    }

    mutating func ascend() {
        depth -= 1
    }

    mutating func spend(_ count: Int, at location: SourceLocation) throws(HOCONError) {
        guard count <= HOCON.maximumResolutionSteps - steps else {
            throw HOCONError(.limitExceeded(.resolutionSteps(HOCON.maximumResolutionSteps)), at: location)
        }
        steps += count
    }
}

extension Resolver.Layer {
    var keys: [String] {
        switch self {
        case .syntax(let object): object.keys
        case .value(let object): object.members.map(\.key)
        }
    }

    var location: SourceLocation {
        switch self {
        case .syntax(let object): object.location
        case .value(let object): object.location
        }
    }
}
