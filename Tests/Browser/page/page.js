// This source file is part of the NanoMQ Swift project
// SPDX-License-Identifier: Apache-2.0

// The test's hand in the browser: asks for a command, carries it out, and reports what happens, in order.

"use strict";

const clients = new Map();
let events = [];
let isReporting = false;

async function report(client, name, values) {
  events.push({ client, name, ...values });
  if (isReporting) return;
  isReporting = true;
  while (events.length > 0) {
    const body = JSON.stringify(events);
    events = [];
    await fetch("/event", { method: "POST", body });
  }
  isReporting = false;
}

function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const commands = {
  // A client of MQTT.js.
  open({ client, url, options }) {
    const mqttClient = mqtt.connect(url, { reconnectPeriod: 0, ...options });
    clients.set(client, mqttClient);
    mqttClient.on("connect", (packet) => report(client, "connect", { sessionPresent: packet.sessionPresent }));
    mqttClient.on("close", () => report(client, "close"));
    mqttClient.on("error", (error) => report(client, "error", { text: String(error) }));
    mqttClient.on("disconnect", (packet) => report(client, "disconnect", { reason: packet.reasonCode }));
    mqttClient.on("packetreceive", (packet) => {
      if (packet.cmd === "pingresp") report(client, "pingresp");
    });
    mqttClient.on("message", (topic, payload, packet) => {
      const { qos, retain } = packet;
      report(client, "message", { topic, qos, retain, payload: toBase64(payload) });
    });
  },
  subscribe({ client, topic, qos }) {
    clients.get(client).subscribe(topic, { qos }, (error, granted) => {
      report(client, "subscribe", { text: error ? String(error) : null, granted: granted.map((grant) => grant.qos) });
    });
  },
  publish({ client, messages }) {
    for (const { topic, payload, qos, retain } of messages) {
      clients.get(client).publish(topic, mqtt.Buffer.from(fromBase64(payload)), { qos, retain }, (error) => {
        report(client, "publish", { text: error ? String(error) : null });
      });
    }
  },
  end({ client }) {
    clients.get(client).end();
  },
  // The connection goes, without DISCONNECT.
  lose({ client }) {
    clients.get(client).stream.destroy();
  },
  // The browser's WebSocket alone.
  socket({ client, url, protocols }) {
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    clients.set(client, socket);
    socket.onopen = () => report(client, "open", { protocol: socket.protocol, extensions: socket.extensions });
    socket.onmessage = (event) => report(client, "data", { payload: toBase64(new Uint8Array(event.data)) });
    socket.onclose = (event) => report(client, "close", { code: event.code, clean: event.wasClean });
  },
  send({ client, payload, text }) {
    clients.get(client).send(text === undefined ? fromBase64(payload) : text);
  },
  close({ client, code }) {
    clients.get(client).close(code);
  },
};

async function run() {
  report("", "ready", { mqttjs: typeof mqtt.connect });
  for (;;) {
    const answer = await fetch("/command");
    if (answer.status !== 200) continue;
    const command = await answer.json();
    try {
      commands[command.do](command);
    } catch (error) {
      report(command.client, "error", { text: `${command.do}: ${error.stack}` });
    }
  }
}

run();
