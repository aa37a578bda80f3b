//===----------------------------------------------------------------------===//
// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0
//===----------------------------------------------------------------------===//

/// Counts since the broker started, and what there is now.
public struct BrokerMetrics: Sendable, Equatable {
    /// Connections accepted.
    public var connectionsAccepted = 0
    /// Connections that were refused because of a limit.
    public var connectionsRefused = 0
    /// Open connections of clients that have been let in.
    public var clientsConnected = 0
    /// Sessions, with or without a connection.
    public var sessions = 0
    /// Bytes read from clients.
    public var bytesReceived = 0
    /// Bytes handed to clients' connections.
    public var bytesSent = 0
    /// PUBLISH packets read.
    public var messagesReceived = 0
    /// PUBLISH packets of each QoS read.
    public var messagesReceivedByQoS = QoSCounts()
    /// PUBLISH packets handed to clients' connections, repetitions included.
    public var messagesSent = 0
    /// QoS 1 and 2 messages acknowledged by clients.
    public var messagesAcknowledged = 0
    /// Messages that nobody subscribed to.
    public var messagesWithoutSubscriber = 0
    /// Messages dropped because a client's queue was full.
    public var droppedQueueFull = 0
    /// QoS 0 messages dropped because a client did not read.
    public var droppedSlowReader = 0
    /// Messages dropped because they expired.
    public var droppedExpired = 0
    /// Messages dropped because the client accepts no packet so large.
    public var droppedTooLarge = 0
    /// Messages dropped because the client may not have them any more.
    public var droppedNotAuthorized = 0
    /// Packets that broke the protocol.
    public var protocolErrors = 0
    /// Clients closed because they did not read.
    public var stuckReaders = 0
    /// Retained messages not kept because of a limit.
    public var retainedRefused = 0
    /// Clients that were not let in: their CONNECT came too late, was beyond a limit, or was refused.
    public var clientsRefused = 0
    /// Subscriptions refused, because of a limit or by an extension.
    public var subscriptionsRefused = 0
    /// Messages of clients refused, by an extension or because their payload is not what it claims to be.
    public var publishesRefused = 0
    /// Clients closed because nothing was heard of them.
    public var keepAliveTimeouts = 0
    /// Subscriptions taken from a session because its client may not have them any more.
    public var subscriptionsRevoked = 0
    /// Clients disconnected because they may not stay, or by the operator.
    public var clientsExpelled = 0

    /// Messages dropped for any cause.
    public var messagesDropped: Int {
        self.droppedQueueFull + self.droppedSlowReader + self.droppedExpired + self.droppedTooLarge
            + self.droppedNotAuthorized
    }

    /// All zero.
    public init() {}

    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.connectionsAccepted += right.connectionsAccepted
        sum.connectionsRefused += right.connectionsRefused
        sum.clientsConnected += right.clientsConnected
        sum.sessions += right.sessions
        sum.bytesReceived += right.bytesReceived
        sum.bytesSent += right.bytesSent
        sum.messagesReceived += right.messagesReceived
        sum.messagesReceivedByQoS += right.messagesReceivedByQoS
        sum.messagesSent += right.messagesSent
        sum.messagesAcknowledged += right.messagesAcknowledged
        sum.messagesWithoutSubscriber += right.messagesWithoutSubscriber
        sum.droppedQueueFull += right.droppedQueueFull
        sum.droppedSlowReader += right.droppedSlowReader
        sum.droppedExpired += right.droppedExpired
        sum.droppedTooLarge += right.droppedTooLarge
        sum.droppedNotAuthorized += right.droppedNotAuthorized
        sum.protocolErrors += right.protocolErrors
        sum.stuckReaders += right.stuckReaders
        sum.retainedRefused += right.retainedRefused
        sum.clientsRefused += right.clientsRefused
        sum.subscriptionsRefused += right.subscriptionsRefused
        sum.publishesRefused += right.publishesRefused
        sum.keepAliveTimeouts += right.keepAliveTimeouts
        sum.subscriptionsRevoked += right.subscriptionsRevoked
        sum.clientsExpelled += right.clientsExpelled
        return sum
    }
}

/// A count for each QoS.
public struct QoSCounts: Sendable, Equatable {
    /// QoS 0.
    public var atMostOnce = 0
    /// QoS 1.
    public var atLeastOnce = 0
    /// QoS 2.
    public var exactlyOnce = 0

    static func += (left: inout Self, right: Self) {
        left.atMostOnce += right.atMostOnce
        left.atLeastOnce += right.atLeastOnce
        left.exactlyOnce += right.exactlyOnce
    }
}
