import { LiveReply } from "@arkrelay/core/http/status";

import { readRoute } from "../../http/route";

export const liveRoute = readRoute({
  path: "/live",
  summary: "Whether the event loop turns; touches nothing outside the process",
  auth: ["public"],
  replies: { 200: LiveReply },
}).handle(() => Promise.resolve({ status: 200, body: { alive: true, uptime_seconds: process.uptime() } }));
