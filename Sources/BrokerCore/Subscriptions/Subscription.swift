//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import MQTTCodec

/// One subscription as the tree keeps it.
struct Subscription: Sendable, Equatable {
    var qos: QoS
    var noLocal: Bool
    var retainAsPublished: Bool
    /// The v5 subscription identifier; 0: none.
    var identifier: UInt32
    /// The session's account in the store; nil: nothing is stored for it.
    var account: SessionAccount?

    init(options: SubscriptionOptions, identifier: UInt32 = 0, account: SessionAccount? = nil) {
        self.qos = options.qos
        self.noLocal = options.noLocal
        self.retainAsPublished = options.retainAsPublished
        self.identifier = identifier
        self.account = account
    }
}

/// The subscriptions at one place of the tree, by session. Nearly always there is just one, so one needs no table.
struct SubscriberSet {
    private var only: (address: SessionAddress, subscription: Subscription)?
    private var many: [SessionAddress: Subscription] = [:]

    var isEmpty: Bool { self.only == nil && self.many.isEmpty }

    /// - Returns: whether the session had none here before.
    mutating func insert(_ address: SessionAddress, _ subscription: Subscription) -> Bool {
        if let only = self.only {
            if only.address == address {
                self.only = (address, subscription)
                return false
            }
            self.many[only.address] = only.subscription
            self.only = nil
        } else if self.many.isEmpty {
            self.only = (address, subscription)
            return true
        }
        return self.many.updateValue(subscription, forKey: address) == nil
    }

    mutating func remove(_ address: SessionAddress) -> Bool {
        if let only = self.only {
            guard only.address == address else { return false }
            self.only = nil
            return true
        }
        return self.many.removeValue(forKey: address) != nil
    }

    mutating func move(_ old: SessionAddress, to new: SessionAddress) {
        if let only = self.only, only.address == old {
            self.only = (new, only.subscription)
        } else if let subscription = self.many.removeValue(forKey: old) {
            self.many[new] = subscription
        }
    }

    func forEach(_ body: (SessionAddress, Subscription) -> Void) {
        if let only = self.only {
            body(only.address, only.subscription)
        } else {
            for (address, subscription) in self.many { body(address, subscription) }
        }
    }
}
