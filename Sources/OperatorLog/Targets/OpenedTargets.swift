//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

/// What settings name, opened: made by who sets them, who learns what cannot be opened, and handed to the writer.
struct OpenedTargets: Sendable {
    private let settings: LogSettings
    private let console: FileDescriptor?
    private let file: LogFile?

    init(_ settings: LogSettings) throws(LogError) {
        self.settings = settings
        self.file =
            if let file = settings.file { try LogFile(LogFile.absolute(file.path)) } else { nil }
        self.console = settings.console.flatMap(ConsoleTarget.open)
    }

    /// For the writer's thread; to be called once.
    func makeTargets(clock: LogClock) -> [any LogTarget] {
        var targets: [any LogTarget] = []
        if let console { targets.append(ConsoleTarget(console)) }
        if let settings = self.settings.file, let file {
            targets.append(FileTarget(settings, file, clock: clock))
        }
        if let syslog = self.settings.syslog { targets.append(SyslogTarget(syslog, clock: clock)) }
        return targets
    }

    /// They are not wanted after all.
    func close() {
        try? self.console?.close()
        try? self.file?.descriptor.close()
    }
}
