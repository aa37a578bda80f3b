//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// A configuration that was read, with all that is worth telling about it.
public struct LoadedConfiguration: Sendable {
    /// What the broker is told.
    public var configuration = NanoConfiguration()

    /// Who said what: by key, for the keys which somebody said something about. The keys of a listener begin with its
    /// own, ``Listener/key``.
    public var sources: [String: ConfigurationSource] = [:]

    /// What was said in vain, and should be looked at.
    public var warnings: [ConfigurationWarning] = []

    /// What was said in vain, and does no harm: keys which are accepted for the original's sake.
    public var notes: [ConfigurationWarning] = []

    /// The file, as it was named; `nil` if there was none.
    public var file: String?

    /// The defaults.
    public init() {}

    /// Who said the value of a key.
    public func source(of key: String) -> ConfigurationSource {
        sources[key] ?? .standard
    }
}
