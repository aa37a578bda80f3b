//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration

/// What a reload has done.
struct ReloadReport: Sendable, Equatable {
    /// Keys that hold now.
    var applied: [String] = []
    /// Keys that have changed and will hold after a restart.
    var needsRestart: [String] = []
    /// What in the configuration has no effect.
    var warnings: [String] = []
    /// Anything else the caller should know.
    var notes: [String] = []
}

/// Takes a configuration that has been read and found right over into the running broker.
protocol ReloadHandler: Sendable {
    /// - Throws: when nothing has been changed.
    func apply(_ loaded: LoadedConfiguration) async throws -> ReloadReport
}

/// Changes nothing, and says so.
struct InertReload: ReloadHandler {
    let running: NanoConfiguration

    func apply(_ loaded: LoadedConfiguration) async throws -> ReloadReport {
        var report = ReloadReport()
        report.warnings = loaded.warnings
        report.notes = [
            loaded.configuration == self.running
                ? "the configuration has not changed"
                : "the configuration is right; nothing of it is applied before a restart yet"
        ]
        return report
    }
}
