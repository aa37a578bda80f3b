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

// The C libraries disagree on whether these are enumerations or plain numbers.
#if canImport(Glibc)
    extension __socket_type {
        /// As the calls take it.
        var number: UInt32 { self.rawValue }
    }
#endif

extension FixedWidthInteger {
    /// As the calls take it.
    var number: Self { self }
}
