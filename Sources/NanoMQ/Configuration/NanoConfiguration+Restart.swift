//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NanoConfiguration

extension NanoConfiguration {
    /// The same, with the values of `running` where a change takes a restart.
    public func keepingWhatTakesRestart(of running: NanoConfiguration) -> NanoConfiguration {
        var next = self
        next.system = running.system
        next.mqtt.overlapping = running.mqtt.overlapping
        next.mqtt.sharedStrategy = running.mqtt.sharedStrategy
        return next
    }
}
