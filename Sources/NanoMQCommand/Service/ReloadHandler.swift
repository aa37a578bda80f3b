//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration

/// What a reload has done.
struct ReloadReport: Sendable, Equatable {
    /// Changes that hold now.
    var applied: [String] = []
    /// Changes that will hold after a restart.
    var needsRestart: [String] = []
    /// What in the configuration has no effect, or could not be done.
    var warnings: [String] = []
    /// Anything else the caller should know.
    var notes: [String] = []
}

/// Takes a configuration that has been read and found right over into the running broker.
protocol ReloadHandler: Sendable {
    /// - Throws: when nothing has been changed.
    func apply(_ loaded: LoadedConfiguration) async throws -> ReloadReport
}
