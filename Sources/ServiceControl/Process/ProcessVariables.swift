//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The environment of this process.
///
/// Its functions are not safe beside threads that change it: they are called at the start, before there are any.
enum ProcessVariables {
    /// All, as `NAME=value`.
    static var all: [String] {
        #if canImport(Darwin)
            var entry = Optional(_NSGetEnviron().pointee)
        #else
            var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        #endif
        var variables: [String] = []
        while let text = entry?.pointee {
            variables.append(String(cString: text))
            entry = entry?.advanced(by: 1)
        }
        return variables
    }

    /// Reads a variable and removes it, so that no child takes it for its own.
    static func take(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        unsetenv(name)
        return text
    }
}
