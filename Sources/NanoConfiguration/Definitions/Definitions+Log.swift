//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension Definitions {
    static let log: [Definition<NanoConfiguration>] = [
        .choice("log.level", \.log.level, "How serious a message must be to be written."),
        .property(
            "log.to",
            \.log.destinations,
            accepted: "list of " + Format.words(LogDestination.self, quote: "`"),
            meaning: "Where messages are written; an empty list for nowhere.",
            text: { Format.list($0.map(\.rawValue)) },
            read: { setting, findings throws(ConfigurationError) in try setting.logDestinations(&findings) }
        ),
        .choice("log.format", \.log.format, "How a message is written: a line for people, or a JSON object a line."),
        .text("log.dir", \.log.directory, "The directory of the log file."),
        .property(
            "log.file",
            \.log.file,
            accepted: "string",
            meaning: "The name of the log file in its directory.",
            text: { Format.string($0) },
            read: { setting, _ throws(ConfigurationError) in try setting.fileName() }
        ),
        .size(
            "log.rotation.size",
            \.log.rotation.size,
            1_024...(1 << 40),
            "The size at which the log file is put aside."
        ),
        .integer("log.rotation.count", \.log.rotation.count, 0...1_000, "How many files put aside are kept."),
        .duration(
            "log.rotation.interval",
            \.log.rotation.interval,
            .seconds(60)...(.seconds(86_400 * 366)),
            or: "never",
            "The time after which the log file is put aside, however small."
        ),
        .duration(
            "log.rotation.max_age",
            \.log.rotation.maximumAge,
            .seconds(60)...(.seconds(86_400 * 3_660)),
            "The age at which a file put aside is removed."
        ),
        .choice("log.syslog.facility", \.log.syslog.facility, "The part of the system which speaks, RFC 3164."),
        .text("log.syslog.identifier", \.log.syslog.identifier, "The name messages come under in the system's log."),
    ]
}

extension Setting {
    /// Reads a list of log destinations, or one alone. Those which are still to come are warned of; if there are no
    /// others, the console takes their place, so that the messages are not lost.
    fileprivate func logDestinations(_ findings: inout Findings) throws(ConfigurationError) -> [LogDestination] {
        let expected = "a list of \(Format.words(LogDestination.self))"
        let elements = try elements(expected)
        var destinations: [LogDestination] = []
        for element in elements {
            let word = try element.read(expected) { value throws(HOCONError) in try value.string() }
            if let destination = LogDestination(rawValue: word) {
                if !destinations.contains(destination) { destinations.append(destination) }
            } else if word == "uds" {
                findings.warn(.valueNotSupportedYet(word), element)
            } else {
                throw element.error(.expected(expected))
            }
        }
        return destinations.isEmpty && !elements.isEmpty ? [.console] : destinations
    }

    /// Reads a name without a directory.
    fileprivate func fileName() throws(ConfigurationError) -> String {
        let expected = "the name of a file, without a directory (that is log.dir)"
        let name = try text(expected, upTo: 255)
        guard !name.contains("/"), name != ".", name != ".." else { throw error(.expected(expected)) }
        return name
    }
}
