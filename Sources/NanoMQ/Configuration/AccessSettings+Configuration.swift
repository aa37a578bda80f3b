//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import NanoConfiguration
import SystemPackage

import struct AccessControl.AccessRule

extension AccessSettings {
    /// What a configuration says, with the users of its file; without the services that are asked.
    ///
    /// - Returns: the settings, and what deserves the operator's attention.
    static func load(
        _ access: NanoConfiguration.Access
    ) throws(ConfigurationFileError) -> (AccessSettings, warnings: [String]) {
        var settings = AccessSettings()
        var warnings: [String] = []
        settings.allowAnonymous = access.allowAnonymous
        settings.noMatch = access.noMatch == .allow ? .allow : .deny
        settings.denyAction = access.denyAction == .ignore ? .ignore : .disconnect
        settings.failureLimit = FailureLimit(access.failures)
        if let path = access.passwordFile {
            let file = try self.passwordFile(path)
            settings.users = file.users
            if file.isReadableByOthers {
                warnings.append("\(path): everybody on this machine can read the passwords; its mode should be 0600")
            }
        }
        for (user, password) in access.passwords ?? [:] {
            settings.users[user] = try self.record(password, of: user)
        }
        settings.hasUserList = access.passwords != nil || access.passwordFile != nil
        if access.rules.isEnabled {
            settings.rules = try access.rules.rules.enumerated().map { index, rule throws(ConfigurationFileError) in
                try self.rule(rule, number: index + 1)
            }
        }
        return (settings, warnings)
    }

    private static func passwordFile(_ path: String) throws(ConfigurationFileError) -> PasswordFile {
        do throws(PasswordFileError) {
            return try PasswordFile(reading: FilePath(path))
        } catch {
            throw ConfigurationFileError(description: "auth.password_file: \(error)")
        }
    }

    private static func record(_ password: Secret, of user: String) throws(ConfigurationFileError) -> PasswordRecord {
        do throws(PasswordFormatError) {
            return try PasswordRecord(parsing: password.value)
        } catch {
            throw ConfigurationFileError(description: "auth.password: user \(user): \(error)")
        }
    }

    private static func rule(
        _ rule: ConfiguredAccessRule,
        number: Int
    ) throws(ConfigurationFileError) -> AccessRule {
        var topics: [TopicPattern] = []
        for topic in rule.topics ?? [] {
            do throws(TopicPatternError) {
                topics.append(try TopicPattern(topic))
            } catch {
                throw ConfigurationFileError(description: "auth.acl.rules: rule \(number): topic \(topic): \(error)")
            }
        }
        let actions: AccessRule.Actions =
            switch rule.action {
            case .publish: .publish
            case .subscribe: .subscribe
            case .all: .all
            }
        return AccessRule(
            rule.permit == .allow ? .allow : .deny,
            try self.subject(rule.subject, number: number),
            actions,
            topics: topics
        )
    }

    private static func subject(
        _ subject: AccessSubject,
        number: Int
    ) throws(ConfigurationFileError) -> AccessRule.Subject {
        switch subject {
        case .everyone: return .everyone
        case .userName(let name): return .userName(name)
        case .clientID(let identifier): return .clientIdentifier(identifier)
        case .address("#"): return .everyone
        case .address(let text):
            guard let range = AddressRange(text) else {
                throw ConfigurationFileError(
                    description: "auth.acl.rules: rule \(number): ipaddr: expected an address or a network"
                )
            }
            return .address(range)
        case .all(let subjects): return .all(try self.subjects(subjects, number: number))
        case .any(let subjects): return .any(try self.subjects(subjects, number: number))
        }
    }

    private static func subjects(
        _ subjects: [AccessSubject],
        number: Int
    ) throws(ConfigurationFileError) -> [AccessRule.Subject] {
        try subjects.map { subject throws(ConfigurationFileError) in try self.subject(subject, number: number) }
    }
}

extension FailureLimit {
    fileprivate init?(_ failures: NanoConfiguration.FailureLimit) {
        guard let limit = failures.limit else { return nil }
        self.init()
        self.failures = limit
        self.window = failures.window
        self.block = failures.block
        self.maximumBlock = failures.maximumBlock
    }
}
