//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import ServiceControl

/// How a broker is stopped.
struct StopOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Seconds the broker may take to end.", valueName: "n"))
    var timeout: Int = 30

    @Flag(help: "Kill the broker when the time is over.")
    var force = false

    func validate() throws {
        guard (0...86_400).contains(self.timeout) else { throw ValidationError("--timeout must be 0 to 86400.") }
    }
}

/// `nanomq stop`: ends the running broker, and returns when it has ended.
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the running broker, and wait for its end.",
        discussion: "The exit code is 0 when it has ended, and 1 when none was running or it still runs."
    )

    @OptionGroup
    var options: StopOptions

    @OptionGroup
    var service: ServiceOptions

    func run() throws {
        guard try Self.stop(self.options, self.service.paths) else {
            throw Failure("There is no running NanoMQ instance.")
        }
    }

    /// - Returns: false if none was running.
    /// - Throws: when it runs still.
    static func stop(_ options: StopOptions, _ paths: ServicePaths) throws -> Bool {
        try paths.requireFindable()
        switch try self.outcome(options, paths) {
        case .notRunning: return false
        case .stopped: Console.print("NanoMQ stopped.")
        case .killed(let pid): Console.print("NanoMQ (PID \(pid)) did not end within \(options.timeout) s: killed.")
        case .timedOut(let pid):
            let advice = options.force ? "although it was killed." : "--force kills it."
            throw Failure("NanoMQ (PID \(pid)) is still running after \(options.timeout) s: \(advice)")
        }
        return true
    }

    private static func outcome(_ options: StopOptions, _ paths: ServicePaths) throws -> ServiceProcess.Outcome {
        let timeout = Duration.seconds(options.timeout)
        if let file = paths.pidFile {
            let outcome = try ServiceProcess.stop(
                pidFile: file,
                timeout: timeout,
                force: options.force,
                isStopping: { paths.isBrokerStopping }
            )
            if outcome != .notRunning { return outcome }
        }
        // Its file may have been removed under it.
        guard let socket = paths.controlSocket else { return .notRunning }
        return try ServiceProcess.stop(
            controlSocket: socket,
            timeout: timeout,
            force: options.force,
            isStopping: BrokerControl.isStopping
        )
    }
}

extension ServicePaths {
    /// Whether the broker says that somebody else has told it to end. One that does not say has to be told.
    fileprivate var isBrokerStopping: Bool {
        guard let controlSocket,
            let reply = try? ControlClient.send(ControlMessage("status"), to: controlSocket, timeout: .seconds(1))
        else { return false }
        return BrokerControl.isStopping(reply)
    }
}
