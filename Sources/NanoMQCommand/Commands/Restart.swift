//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration
import NanoMQ
import ServiceControl
import Synchronization
import SystemPackage

/// `nanomq restart`: stops the running broker and starts another one in its place.
struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop the running broker, and start it again.",
        discussion: """
            Without options for the broker, it gets those of the one that runs. It is a daemon if that was one. What is \
            wrong with the configuration is found before anything is stopped, and if the running broker does not end, \
            nothing is started. If the new one does not start, the old options are used again, as a daemon.
            """
    )

    @OptionGroup
    var stopping: StopOptions

    @OptionGroup
    var options: StartOptions

    func run() async throws {
        let given = self.options.withAbsolutePaths()
        let paths = (try? given.load()).map { ServicePaths($0) } ?? given.service.paths
        let turn = try paths.pidFile.map { path throws(PIDFileError) in
            try RestartTurn.take(for: path, timeout: self.patience)
        }
        defer { turn?.release() }
        var previous: StartOptions?
        if case .running(let pid, _) = try BrokerPresence(at: paths) {
            previous = try self.options(of: pid, paths, isNeeded: !given.isAboutBroker)
        }
        var options = given
        if let previous, !given.isAboutBroker { options = previous }
        // Who gives a daemon other options does not ask for one that ends with the terminal.
        options.daemon = given.daemon || previous?.daemon == true
        // Where it is, as found: the environment of the other may have been different.
        options.service.pidFile = paths.pidFile?.string ?? ServicePaths.none
        options.service.controlSocket = paths.controlSocket?.string ?? ServicePaths.none
        // What is in the files that it names counts too.
        let configuration = try options.load().configuration
        try await BrokerPlan(configuration).check()
        options.daemon = configuration.system.daemon
        if paths.areFindable { _ = try Stop.stop(self.stopping, paths) }
        let progress = Progress()
        do {
            if options.daemon {
                try DaemonStart.run(options)
            } else {
                try await BrokerService(options: options).run(as: nil) {
                    progress.isReady.store(true, ordering: .relaxed)
                    turn?.release()
                }
            }
        } catch {
            // One that has run and then failed has had its chance.
            if !progress.isReady.load(ordering: .relaxed) { self.fallBack(to: previous, from: options) }
            throw error
        }
    }

    /// How far the new broker has come, if it runs in the foreground.
    private final class Progress: Sendable {
        let isReady = Atomic(false)
    }

    /// How long others may take who restart the same broker.
    private var patience: Duration { .seconds(self.stopping.timeout + 120) }

    /// What the running broker was started with.
    private func options(of pid: Int32?, _ paths: ServicePaths, isNeeded: Bool) throws -> StartOptions? {
        if let socket = paths.controlSocket,
            let reply = try? ControlClient.send(
                ControlMessage("arguments"),
                to: socket,
                timeout: .seconds(2),
                isActedUpon: true
            ),
            reply.head == ControlMessage.ok
        {
            return try StartOptions.parse(reply.values("argument"))
        }
        // One that hangs does not answer, but the system knows. What another user has written there, root does not run.
        if let line = pid.flatMap(ProcessCommandLine.init(of:)), line.isTrusted, line.arguments.first == "start" {
            return try StartOptions.parse(Array(line.arguments.dropFirst())).withAbsolutePaths(in: line.directory)
        }
        guard isNeeded else { return nil }
        throw Failure("The running broker does not say its options: repeat them here. Nothing has been stopped.")
    }

    /// There was a broker, so there shall be one: as a daemon, for nobody waits for it.
    private func fallBack(to previous: StartOptions?, from options: StartOptions) {
        guard var previous else { return }
        previous.service = options.service
        previous.daemon = true
        var failed = options
        failed.daemon = true
        // What has just failed is not tried again.
        guard previous.arguments != failed.arguments else { return }
        Console.error("The broker did not start with the new options: starting it with those it had.")
        do {
            try DaemonStart.run(previous)
        } catch {
            // Why the new one did not start is still to be told.
            Console.error("\(error)")
        }
    }
}
