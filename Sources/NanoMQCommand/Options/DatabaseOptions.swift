//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import ArgumentParser
import NanoConfiguration
import NanoMQ
import Persistence
import SystemPackage

/// Which database is meant.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Configuration file whose block sqlite says where the database is.",
            discussion: "Without it and --path, the file is meant that a broker would find.",
            valueName: "file"
        )
    )
    var conf: String?

    @Option(
        help: ArgumentHelp("The directory of the database, in place of what the file says.", valueName: "directory")
    )
    var path: String?

    func validate() throws {
        guard self.conf == nil || self.path == nil else {
            throw ValidationError("--conf and --path exclude each other.")
        }
    }

    /// Opens it; nobody else can use it then.
    func open() throws -> OpenDatabase {
        let directory = try self.directory
        return OpenDatabase(
            path: FilePath(directory).appending("nanomq.db").string,
            file: try StoreFile(directory: directory)
        )
    }

    private var directory: String {
        get throws {
            if let path { return path }
            let choice = self.conf.map { .hocon($0) } ?? ConfigurationFile.find()
            guard let sqlite = try ConfigurationFile.load(choice).configuration.sqlite else {
                throw Failure(
                    "\(choice?.path ?? "The configuration") has no block sqlite: nothing is kept. --path names a directory."
                )
            }
            return sqlite.directory
        }
    }
}

/// A database that nobody else can use meanwhile.
struct OpenDatabase {
    /// Where it is, for people.
    let path: String
    let file: StoreFile
}
