//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration

// Other rooms have types of the same name, and that of the room itself is the name of a type in it.

/// A listener as the configuration has it.
typealias ConfiguredListener = Listener
/// A rule of access as the configuration has it.
typealias ConfiguredAccessRule = AccessRule
