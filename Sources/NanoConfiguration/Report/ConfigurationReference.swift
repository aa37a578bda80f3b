//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// The reference of all keys, made from their definitions.
public enum ConfigurationReference {
    /// The whole of `docs/configuration.md`.
    public static func markdown() -> String {
        var text = introduction
        for block in blocks {
            let name = block.first?.path.prefix { $0 != "." } ?? ""
            text += "\n## \(name)\n\n\(table(block))"
        }
        text += "\n" + future
        return text
    }

    /// A table of some keys.
    public static func table(_ keys: [ConfigurationKey]) -> String {
        var text = "| Key | Type | Default | Reloads | Meaning |\n|---|---|---|---|---|\n"
        for key in keys {
            let cells = [
                "`\(key.path)`", key.accepted, "`\(key.standard)`", key.reloads ? "yes" : "no", key.meaning,
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static let blocks: [[ConfigurationKey]] = [
        ConfigurationKey.listeners, ConfigurationKey.system, ConfigurationKey.mqtt, ConfigurationKey.limits,
        ConfigurationKey.sys, ConfigurationKey.log, ConfigurationKey.auth,
    ]

    private static let introduction = """
        # Configuration

        <!-- Made from the definitions in Sources/NanoConfiguration; a test compares. Do not edit by hand. -->

        The file is written in HOCON; `etc/nanomq.conf` is a sample. A value of a wrong type or out of range is an error, \
        told with its file, line and column, and the broker does not start. An unknown key is a warning, except in the \
        block `auth`, where it is an error.

        - A **size** is a number of bytes: `512`, `64KB`, `10MB`, `1GB`. The units are powers of 1024.
        - A **duration** is `500ms`, `10s`, `5m`, `2h` or `1d`; a bare number is in seconds.
        - `0` means 0. A limit that can be switched off takes the word `unlimited`.
        - An **address** holds a colon, so it must be quoted: `"0.0.0.0:1883"`.
        - No key reloads yet: a change takes effect when the broker is started again.

        """

    private static var future: String {
        func list(_ treatment: FutureKey.Treatment) -> String {
            FutureKey.all.filter { $0.treatment == treatment }.map { "`\($0.path.joined(separator: "."))`" }
                .joined(separator: ", ")
        }
        let listeners = FutureKey.listenerKinds.map { "`listeners.\($0)`" }.joined(separator: ", ")
        return """
            ## Keys of features still to come

            Files written for the original NanoMQ load. These keys are ignored, with a warning: \(list(.warning)).

            What would leave the broker open if it were ignored is an error instead: \(list(.accessControl)), unless the \
            block says `enable = false`; `auth.allow_anonymous = false`; `auth.no_match = deny`.

            So is a listener which would not be there: \(listeners), unless the block says `enable = false`.

            """
    }
}
