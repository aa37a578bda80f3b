//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import HOCON

extension ConfigurationKey {
    /// Read by ``ListenerReader``, for their paths hold names which the user chooses.
    static let listeners: [ConfigurationKey] = [
        ConfigurationKey(
            "listeners.tcp.bind",
            accepted: "address",
            standard: "\(Listener.standard.host):\(Listener.standard.port)",
            meaning: """
                The address to listen at: `"host:port"`, `"[IPv6]:port"`, or `":port"` or `port` for all IPv4 addresses; \
                with port 0 the system chooses one. If there is no block `listeners`, the broker listens at the \
                default; if there is one without `tcp`, at none.
                """
        ),
        ConfigurationKey(
            "listeners.tcp.enable",
            accepted: "boolean",
            standard: "true",
            meaning: "`false` switches all TCP listeners off, those with names too."
        ),
        ConfigurationKey(
            "listeners.tcp.<name>.bind",
            accepted: "address",
            standard: "–",
            meaning: "The address of one more listener; there may be any number. Required unless it is switched off."
        ),
        ConfigurationKey(
            "listeners.tcp.<name>.enable",
            accepted: "boolean",
            standard: "true",
            meaning: "`false` switches this listener off."
        ),
    ]

    static let system: [ConfigurationKey] = [
        .integer(
            "system.threads",
            \.system.threads,
            1...1_024,
            or: "auto",
            "Event loop threads; `auto` leaves the number to the broker."
        )
    ]

    static let sys: [ConfigurationKey] = [
        .duration(
            "sys.interval",
            \.sys.interval,
            .zero...(.seconds(86_400)),
            "The time between two publications of the statistics below `$SYS`; at least 1s, or 0 for none."
        )
        .checked("0, or a duration of at least 1s") { $0.sys.interval == .zero || $0.sys.interval >= .seconds(1) },
        .boolean("sys.presence", \.sys.presence, "Whether clients which come and go are published below `$SYS`."),
        ConfigurationKey(
            "sys.node",
            accepted: "string",
            standard: NanoConfiguration().sys.node,
            meaning: "The name of this broker in the topics below `$SYS`: one level, without `/`, `+` and `#`."
        ) { setting, configuration, _ throws(ConfigurationError) in
            configuration.sys.node = try setting.topicLevel()
        },
        .boolean("sys.allow_publish", \.sys.allowPublish, "Whether clients may publish below `$SYS`."),
    ]

    static let log: [ConfigurationKey] = [
        .choice("log.level", \.log.level, "How serious a message must be to be written."),
        ConfigurationKey(
            "log.to",
            accepted: "list of " + Format.words(LogDestination.self, quote: "`"),
            standard: "[" + NanoConfiguration().log.destinations.map(\.rawValue).joined(separator: ", ") + "]",
            meaning: "Where messages are written; an empty list for nowhere."
        ) { setting, configuration, warnings throws(ConfigurationError) in
            configuration.log.destinations = try setting.logDestinations(&warnings)
        },
    ]

    static let auth: [ConfigurationKey] = [
        .boolean(
            "auth.allow_anonymous",
            \.auth.allowAnonymous,
            "Whether clients may connect without a user name. There is no access control yet: `false` is an error."
        )
        .refused { !$0.auth.allowAnonymous },
        .choice(
            "auth.no_match",
            \.auth.noMatch,
            "What happens to a topic that no rule speaks of. There is no access control yet: `deny` is an error."
        )
        .refused { $0.auth.noMatch == .deny },
        .choice(
            "auth.deny_action",
            \.auth.denyAction,
            "What happens to a client which is refused a topic. Without access control, none is."
        ),
    ]

    /// The same definition with one more check of what was read.
    private func checked(
        _ expected: String,
        _ isValid: @escaping @Sendable (NanoConfiguration) -> Bool
    ) -> ConfigurationKey {
        with { isValid($0) ? nil : .expected(expected) }
    }

    /// The same definition, but what would need access control is an error.
    private func refused(_ needsAccessControl: @escaping @Sendable (NanoConfiguration) -> Bool) -> ConfigurationKey {
        with { needsAccessControl($0) ? .accessControlUnavailable : nil }
    }

    private func with(
        _ check: @escaping @Sendable (NanoConfiguration) -> ConfigurationError.Problem?
    ) -> ConfigurationKey {
        let read = self.read
        return ConfigurationKey(path, accepted: accepted, standard: standard, meaning: meaning, reloads: reloads) {
            setting,
            configuration,
            warnings throws(ConfigurationError) in
            try read?(setting, &configuration, &warnings)
            if let problem = check(configuration) { throw setting.error(problem) }
        }
    }
}

extension Setting {
    /// Reads a name which can be one level of a topic.
    func topicLevel() throws(ConfigurationError) -> String {
        let expected = "a name of 1 to 255 bytes without '/', '+', '#' and control characters"
        let name = try read(expected) { value throws(HOCONError) in try value.string() }
        let isLevel = name.unicodeScalars.allSatisfy { scalar in
            !"/+#".unicodeScalars.contains(scalar) && scalar.properties.generalCategory != .control
        }
        guard isLevel, (1...255).contains(name.utf8.count) else { throw error(.expected(expected)) }
        return name
    }

    /// Reads a list of log destinations, or one alone. Those which are still to come are warned of; if there are no
    /// others, the console takes their place, so that the messages are not lost.
    func logDestinations(_ warnings: inout [ConfigurationWarning]) throws(ConfigurationError) -> [LogDestination] {
        let expected = "a list of \(Format.words(LogDestination.self))"
        var values = [value]
        if case .string = value.content {
        } else {
            values = try read(expected) { value throws(HOCONError) in try value.array() }
        }

        var destinations: [LogDestination] = []
        for value in values {
            let element = Setting(key: key, value: value)
            let word = try element.read(expected) { value throws(HOCONError) in try value.string() }
            if let destination = LogDestination(rawValue: word) {
                if !destinations.contains(destination) { destinations.append(destination) }
            } else if ["file", "syslog", "uds"].contains(word) {
                warnings.append(ConfigurationWarning(.valueNotSupportedYet(word), key: key, at: value.location))
            } else {
                throw element.error(.expected(expected))
            }
        }
        return destinations.isEmpty && !values.isEmpty ? [.console] : destinations
    }
}
