import { WebSocket } from "ws";

import type { WebSocketConstructor } from "./relay-connection.js";

/** `ws` as the SDK takes it, for Node below 22, which has no global WebSocket. Never imported by the browser doors. */
export const nodeWebSocket: WebSocketConstructor = WebSocket;
