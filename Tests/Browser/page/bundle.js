// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0

// MQTT.js as the browser gets it.
window.mqtt = { ...require("mqtt"), Buffer: require("buffer/").Buffer };
