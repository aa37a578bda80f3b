//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import BrokerCore
import MQTTCodec

/// Refuses subscriptions to certain filters.
struct SubscriptionGuard: BrokerExtension {
    let denied: [String]

    // Nothing else is asked of it, and nothing is asked of it at all while there is nothing to deny.
    var interests: ExtensionInterests { self.denied.isEmpty ? [] : .authorization }

    func authorize(_ request: AuthorizationRequest) -> Answer<AuthorizationVerdict> {
        guard case .subscribe(let filter, _) = request.action, self.denied.contains(filter.text) else {
            return .now(.pass)
        }
        return .now(.deny(.unspecifiedError))
    }
}
