//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

extension LoadedConfiguration {
    /// The configuration that is in effect: in HOCON, a line a key, with who said it behind. Secrets are masked.
    public func effective() -> String {
        var text = configuration.listeners.isEmpty ? "listeners {}\n" : ""
        for listener in configuration.listeners {
            for key in ListenerKey.all where key.kinds.contains(listener.kind) {
                guard let value = key.definition.text(listener) else { continue }
                append("\(listener.key).\(key.definition.path)", value, to: &text)
            }
        }
        for definition in Definitions.all {
            guard let value = definition.text(configuration) else { continue }
            append(definition.path, value, to: &text)
        }
        return text
    }

    private func append(_ key: String, _ value: String, to text: inout String) {
        text += "\(key) = \(value)  # \(source(of: key))\n"
    }
}
