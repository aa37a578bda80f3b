//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import BrokerCore
public import BrokerNetwork
public import Logging
public import NanoConfiguration
import Persistence
import Synchronization

extension Broker {
    /// A broker as a configuration describes it, with its access control.
    ///
    /// - Throws: ``ConfigurationFileError`` when a file that the configuration names cannot be used.
    public convenience init(
        configuration: NanoConfiguration,
        extensions: [any BrokerExtension] = [],
        logger: Logger = Logger(label: "nanomq")
    ) throws {
        self.init(plan: try BrokerPlan(configuration), extensions: extensions, logger: logger)
    }

    /// A broker that runs by a plan, with its access control, which is asked before the extensions.
    public convenience init(
        plan: BrokerPlan,
        extensions: [any BrokerExtension] = [],
        logger: Logger = Logger(label: "nanomq")
    ) {
        self.init(
            listeners: plan.listeners,
            settings: plan.settings,
            threads: plan.configuration.system.threads,
            extensions: extensions,
            shutdownTimeout: plan.configuration.limits.shutdownTimeout,
            store: plan.configuration.sqlite.map(StoreSettings.init),
            access: (AccessGuard(logger: logger), plan),
            logger: logger
        )
    }

    /// Goes on by another plan: limits, access and listeners, without disturbing clients whom the change does not
    /// concern. Clients whose access is taken away are disconnected, and lose the subscriptions they may no longer have.
    ///
    /// Threads, shared subscriptions' strategy and the way of overlapping subscriptions stay as they were started.
    /// Calls that meet are dealt with one after the other, each to its end, even if the caller is cancelled.
    ///
    /// - Returns: what has become of the listeners: one whose address cannot be had is told there, the rest is done.
    /// - Throws: ``BrokerError`` when the broker does not run, ``ConfigurationFileError`` when a service of access
    ///   control cannot be set up; then nothing has changed.
    public func apply(_ plan: BrokerPlan) async throws -> [ListenerChange] {
        let change = self.lastChange.withLock { last -> Task<[ListenerChange], any Error> in
            let before = last
            let change = Task {
                // Two at once would make their services from the same old ones, and each shut down what the other uses.
                await before?.value
                return try await self.change(to: plan)
            }
            last = Task { _ = await change.result }
            return change
        }
        return try await change.value
    }

    private func change(to plan: BrokerPlan) async throws -> [ListenerChange] {
        guard let shards = self.running.withLock({ $0?.shards }) else { throw BrokerError.notRunning }
        let prepared = try await self.access?.prepare(plan)
        await shards.apply(plan.settings, to: self.state)
        if let access, let prepared { await access.use(prepared) }
        await shards.recheckAccess()
        // Whoever has taken a right away relies on it from the moment the reload is reported.
        await shards.waitForRecheck()
        return try await self.apply(listeners: plan.listeners)
    }

    /// What let a client in may end while it is connected, as a token does. The clients are looked at only when it has.
    func recheckRegularly() async {
        while (try? await Task.sleep(for: .seconds(5))) != nil {
            guard let access, access.hasExpiry, let shards = self.running.withLock({ $0?.shards }) else { continue }
            // Whoever was to go may have gone already.
            access.updateNextExpiry()
            guard access.hasExpiry else { continue }
            await shards.forEach { $0.recheckClients() }
        }
    }
}
