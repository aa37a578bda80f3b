//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import AccessControl
import BrokerCore
import Logging
import NanoConfiguration
import Synchronization

/// The broker's access control, with the services that it asks: they hold connections and keys, so they live from one
/// change of the configuration to the next, or longer.
final class AccessGuard: Sendable {
    /// What the broker asks.
    let control: AccessControl
    private let logger: AccessLogger
    private let current = Mutex(AccessServices())
    private let isShutDown = Atomic(false)

    /// Lets nobody in until it is told whom.
    init(logger: Logger) {
        let logger = AccessLogger(logger)
        var closed = AccessSettings()
        closed.allowAnonymous = false
        closed.noMatch = .deny
        self.logger = logger
        self.control = AccessControl(closed) { logger.log($0) }
    }

    /// Settings that can be taken over, with the services they need.
    struct Prepared: Sendable {
        fileprivate let settings: AccessSettings
        fileprivate let services: AccessServices
    }

    /// Makes the services that a plan needs; those that are there and still right are kept.
    ///
    /// - Throws: ``ConfigurationFileError`` when one cannot be made; then nothing has changed.
    func prepare(_ plan: BrokerPlan) async throws(ConfigurationFileError) -> Prepared {
        let before = self.current.withLock { $0 }
        let services = try await AccessServices(plan.configuration.auth, replacing: before, logger: self.logger)
        var settings = plan.access
        settings.authenticators = services.authenticators
        settings.authorizers = services.authorizers
        settings.departures = services.departures
        return Prepared(settings: settings, services: services)
    }

    /// Judges by these settings from now on. The shards have to be told afterwards.
    func use(_ prepared: Prepared) async {
        let before = self.current.withLock { current in
            defer { current = prepared.services }
            return current
        }
        prepared.services.takeOver()
        self.control.update(prepared.settings)
        await before.shutDown(keeping: prepared.services)
        // The broker has ended meanwhile: nobody else would give them back.
        if self.isShutDown.load(ordering: .sequentiallyConsistent) { await self.shutDown() }
    }

    /// Whether what has let a client in may have ended, so that clients have to be looked at. It costs nothing.
    var hasExpiry: Bool { self.current.withLock { $0 }.hasExpiry }

    /// Makes ``hasExpiry`` exact, by looking at all clients.
    func updateNextExpiry() { self.current.withLock { $0 }.updateNextExpiry() }

    /// Gives back what the services hold.
    func shutDown() async {
        self.isShutDown.store(true, ordering: .sequentiallyConsistent)
        let services = self.current.withLock { current in
            defer { current = AccessServices() }
            return current
        }
        await services.shutDown(keeping: AccessServices())
    }
}
