// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0

// What MQTT.js takes for granted, and Node.js alone has.
export { Buffer } from "buffer/";
export { default as process } from "process/browser.js";
