//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import Testing

/// All tests with real sockets, one after the other: what one of them measures is not disturbed by another.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct NetworkTests {}
