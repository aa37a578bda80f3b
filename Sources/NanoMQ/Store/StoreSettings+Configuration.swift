//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

import NanoConfiguration
import Persistence

extension StoreSettings {
    /// What a configuration says.
    init(_ sqlite: NanoConfiguration.SQLite) {
        let durability: Durability =
            switch sqlite.durability {
            case .acknowledged: .acknowledged
            case .periodic: .periodic(interval: sqlite.commitInterval)
            case .none: .none
            }
        self.init(directory: sqlite.directory, durability: durability)
    }
}
