//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension Resolver {
    /// Puts values side by side together: strings to a string, lists to a list, objects to an object.
    ///
    /// A substitution of nothing counts as an empty value of the kind of the others; if there is nothing else, the
    /// whole is nothing.
    mutating func join(_ concatenation: ConcatenationSyntax) throws(HOCONError) -> Settlement {
        var text = ""
        var simple: [HOCONValue] = []
        var hasSpace = false
        var elements: [HOCONValue] = []
        var arrays = 0
        var layers: [Layer] = []
        var sources: [SubstitutionSyntax] = []
        var objects = 0
        var lookedBack = false

        func note(_ value: HOCONValue) {
            switch value.content {
            case .array(let more):
                elements += more
                arrays += 1
            default:
                text += value.simpleText ?? ""
                simple.append(value)
            }
        }

        for piece in concatenation.pieces {
            let before = text.utf8.count / 16 + elements.count + layers.count
            switch piece {
            case .text(let more):
                note(HOCONValue(.string(more), at: concatenation.location))
            case .space(let space):
                text += space
                hasSpace = true
            case .array(let array):
                if let value = try evaluate([.array(array)], at: array.location) { note(value) }
            case .substitution(let substitution):
                let settlement = try lookUp(substitution)
                lookedBack = lookedBack || settlement.lookedBack
                switch settlement.outcome {
                case .undefined:
                    break
                case .value(let value):
                    note(value)
                case .layers(let more):
                    layers += more
                    sources += settlement.sources
                    objects += 1
                }
            }
            // What is put together here is new memory, so it has its price: otherwise a text of a few lines, each
            // doubling the one before, could describe gigabytes.
            let after = text.utf8.count / 16 + elements.count + layers.count
            try spend(1 + after - before, at: concatenation.location)
        }

        switch (simple.count, arrays, objects) {
        case (0, 0, 0):
            return Settlement(outcome: .undefined, lookedBack: lookedBack)
        case (1, 0, 0) where !hasSpace:
            // Nothing but this one value is there, so it keeps its type.
            return Settlement(outcome: .value(simple[0]), lookedBack: lookedBack)
        case (_, 0, 0):
            let value = HOCONValue(.string(text), at: concatenation.location)
            return Settlement(outcome: .value(value), lookedBack: lookedBack)
        case (0, _, 0):
            let value = HOCONValue(.array(elements), at: concatenation.location)
            return Settlement(outcome: .value(value), lookedBack: lookedBack)
        case (0, 0, _):
            return Settlement(outcome: .layers(layers), sources: sources, lookedBack: lookedBack)
        default:
            throw HOCONError(.mixedConcatenation, at: concatenation.location)
        }
    }
}
