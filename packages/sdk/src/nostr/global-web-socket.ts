import type { WebSocketConstructor } from "../relay-connection.js";

/** The host's own WebSocket. Throws TypeError where there is none (Node below 22). */
export function globalWebSocket(): WebSocketConstructor {
  if (typeof globalThis.WebSocket === "function") return globalThis.WebSocket;
  throw new TypeError("no global WebSocket here: pass `webSocket` (nodeWebSocket of @arkrelay/sdk/node-web-socket)");
}
