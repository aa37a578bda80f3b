// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0

// In place of the WebSocket of Node.js: in a browser MQTT.js uses the browser's own.
module.exports = {};
