//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec
import NIOCore
import Synchronization

/// The listeners of one broker, which may change while it runs.
package final class ListenerSet: Sendable {
    private struct State {
        var listeners: [BoundListener] = []
        var isClosed = false
        /// The change that was asked for last.
        var last: Task<Void, Never>?
    }

    private let shards: ShardPeers
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    package init(shards: ShardPeers, group: any EventLoopGroup) {
        self.shards = shards
        self.group = group
    }

    private var listeners: [BoundListener] {
        get { self.state.withLock(\.listeners) }
        set { self.state.withLock { $0.listeners = newValue } }
    }

    /// The listeners in the order in which they were asked for.
    package var status: [ListenerStatus] {
        self.listeners.map { ListenerStatus(settings: $0.settings, address: $0.address, metrics: $0.metrics) }
    }

    /// Opens all, or none.
    package func open(_ settings: [ListenerSettings]) async throws(ListenerError) {
        var opened: [BoundListener] = []
        for settings in ListenerSettings.separated(settings) {
            do throws(ListenerError) {
                opened.append(try await self.open(settings))
            } catch {
                for listener in opened { await listener.close() }
                throw error
            }
        }
        self.state.withLock { $0.listeners = opened }
    }

    private func open(_ settings: ListenerSettings) async throws(ListenerError) -> BoundListener {
        try await BoundListener.open(settings, shards: self.shards, group: self.group)
    }

    /// Accepts nobody any more; clients stay.
    package func close() async {
        let last = self.state.withLock { state in
            state.isClosed = true
            return state.last
        }
        await last?.value
        for listener in self.listeners { await listener.close() }
    }

    // MARK: Changing

    /// Makes the listeners those that are asked for, one call after the other. Clients of listeners that stay are not
    /// disturbed. What cannot be done is said, and the rest is done.
    ///
    /// - Returns: what has changed and what could not be; nil when the broker is going.
    package func apply(_ settings: [ListenerSettings]) async -> [ListenerChange]? {
        let change = self.state.withLock { state -> Task<[ListenerChange], Never>? in
            guard !state.isClosed else { return nil }
            let before = state.last
            let change = Task {
                await before?.value
                return await self.change(to: settings)
            }
            state.last = Task { _ = await change.value }
            return change
        }
        return await change?.value
    }

    private func change(to settings: [ListenerSettings]) async -> [ListenerChange] {
        var plan = ListenerPlan(from: self.listeners, to: ListenerSettings.separated(settings))
        plan.update()
        // New ones first, so that nobody finds a closed door.
        for index in plan.missing { await self.open(at: index, of: &plan) }
        // What was refused because of an address that is about to be free is asked for again.
        for listener in plan.takeUnneeded() { await self.remove(listener) }
        let blockers = plan.takeBlockers()
        for listener in blockers { await self.remove(listener) }
        for index in plan.missing where plan.isAddressInUse(at: index) { await self.open(at: index, of: &plan) }
        for listener in blockers {
            guard let index = plan.missing(listener.settings.label) else { continue }
            if let again = try? await self.open(listener.settings) { plan.keep(again, at: index) }
        }
        let (listeners, changes) = plan.finish()
        self.state.withLock { $0.listeners = listeners }
        return changes
    }

    private func open(at index: Int, of plan: inout ListenerPlan) async {
        do throws(ListenerError) {
            plan.opened(try await self.open(plan.wanted[index]), at: index)
        } catch {
            plan.failed(error, at: index)
        }
    }

    /// Its clients have to go: nobody would know any more on what terms they are here.
    private func remove(_ listener: BoundListener) async {
        await listener.close()
        await self.shards.closeConnections(where: { listener.carries($0) }, reason: .administrativeAction)
    }
}
