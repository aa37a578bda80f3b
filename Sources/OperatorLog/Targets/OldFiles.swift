//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files that were put aside: `nanomq.log.1` is the newest.
struct OldFiles {
    let path: FilePath
    let settings: LogSettings.File

    private func old(_ number: Int) -> String { "\(self.path.string).\(number)" }

    /// Puts the current file aside: each old one gets the next number, the oldest is removed.
    func putAside() throws(Errno) {
        guard self.settings.keptFiles > 0 else {
            return try Self.check(unlink(self.path.string))
        }
        // Only from the first gap down: what is above it may stay.
        var last = 1
        while last < self.settings.keptFiles, Self.exists(self.old(last)) { last += 1 }
        for number in stride(from: last, to: 1, by: -1) {
            try Self.check(rename(self.old(number - 1), self.old(number)))
        }
        try Self.check(rename(self.path.string, self.old(1)))
    }

    /// Removes those that are too old, and those above the number that is kept.
    ///
    /// - Parameter now: seconds since 1970
    func clean(at now: Int64) {
        if let age = self.settings.maximumAge?.components.seconds {
            for number in stride(from: 1, through: self.settings.keptFiles, by: 1) {
                guard let found = try? Stat(FilePath(self.old(number)), followTargetSymlink: false) else { continue }
                if now - Int64(found.st_mtim.tv_sec) >= age { unlink(self.old(number)) }
            }
        }
        // Left over from settings that kept more.
        var number = self.settings.keptFiles + 1
        while number <= 2000, unlink(self.old(number)) == 0 { number += 1 }
    }

    private static func exists(_ path: String) -> Bool {
        (try? Stat(FilePath(path), followTargetSymlink: false)) != nil
    }

    private static func check(_ result: CInt) throws(Errno) {
        let cause = Errno(rawValue: errno)
        // Somebody else has removed it: that will do.
        guard result == 0 || cause == .noSuchFileOrDirectory else { throw cause }
    }
}
