//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import BrokerCore
public import BrokerNetwork
import Logging
public import NanoConfiguration

/// A configuration with all that it names read from files: for a broker to run by, or to go on by.
///
/// What is wrong shows while it is made, before a running broker has changed anything.
public struct BrokerPlan: Sendable {
    /// What it was made of.
    public let configuration: NanoConfiguration
    /// Where clients may connect; others may take the place of those of the configuration.
    public var listeners: [ListenerSettings]
    /// What in the files, and in what was put in the place of configured listeners, deserves the operator's attention.
    public package(set) var warnings: [String]

    let settings: BrokerSettings
    let access: AccessSettings

    /// Whether everybody may do everything: no user, rule or service is asked.
    public var isOpen: Bool {
        self.configuration.auth.allowAnonymous && self.access.users.isEmpty && !self.access.hasUserList
            && self.access.rules.isEmpty
            && self.access.noMatch == .allow && !self.configuration.auth.http.isEnabled
            && !self.configuration.auth.tokens.isEnabled
    }

    /// Reads what the configuration names.
    ///
    /// - Throws: ``ConfigurationFileError``, which names the file or the key.
    public init(_ configuration: NanoConfiguration) throws(ConfigurationFileError) {
        self.configuration = configuration
        self.settings = BrokerSettings(configuration)
        self.listeners = configuration.listeners.map(ListenerSettings.init)
        (self.access, self.warnings) = try AccessSettings.load(configuration.auth)
        for (configured, listener) in zip(configuration.listeners, self.listeners) {
            do throws(ListenerError) {
                try listener.check()
            } catch {
                throw ConfigurationFileError(description: "\(configured.key): \(error)")
            }
        }
    }

    /// Makes, and gives back, what a broker would only make when it starts: keys and the client of a web service.
    ///
    /// - Throws: ``ConfigurationFileError``, which names the key.
    public func check() async throws(ConfigurationFileError) {
        let logger = AccessLogger(Logger(label: "nanomq") { _ in SwiftLogNoOpLogHandler() })
        let services = try await AccessServices(self.configuration.auth, replacing: AccessServices(), logger: logger)
        await services.shutDown(keeping: AccessServices())
    }
}
