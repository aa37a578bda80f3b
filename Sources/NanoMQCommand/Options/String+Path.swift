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

extension String {
    /// The path as it is meant now, for a time when the process may have gone to another directory.
    var absolutePath: String { self.absolutePath(in: Self.workingDirectory) }

    /// The path as it is meant in a directory.
    func absolutePath(in directory: FilePath) -> String {
        let path = FilePath(self)
        guard !self.isEmpty, path.isRelative else { return self }
        return directory.pushing(path).lexicallyNormalized().string
    }

    private static var workingDirectory: FilePath {
        guard let text = getcwd(nil, 0) else { return "/" }
        defer { free(text) }
        return FilePath(platformString: text)
    }
}
