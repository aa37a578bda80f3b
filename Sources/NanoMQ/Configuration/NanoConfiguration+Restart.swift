//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

public import NanoConfiguration

extension NanoConfiguration {
    /// The same, with the values of `running` where a change takes a restart.
    ///
    /// - Parameter failed: the listeners that could not be changed, such as `tcp:default`: they are as they were.
    public func keepingWhatTakesRestart(
        of running: NanoConfiguration,
        andListeners failed: Set<String> = []
    ) -> NanoConfiguration {
        var next = self
        next.keepWhatTakesRestart(of: running)
        next.listeners.removeAll { failed.contains($0.label) }
        next.listeners += running.listeners.filter { failed.contains($0.label) }
        return next
    }
}

extension ConfiguredListener {
    /// As the broker calls it: `tcp:default`.
    fileprivate var label: String { "\(self.kind.rawValue):\(self.name)" }
}
