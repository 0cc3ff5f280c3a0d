import type { RequestHandler } from "express";

const MAX_AGE_SECONDS = "600";
const REQUEST_HEADERS =
  "authorization, content-type, idempotency-key, last-event-id, prefer, traceparent, tracestate, x-api-key, x-request-id";
const RESPONSE_HEADERS = "etag, idempotent-replayed, location, ratelimit, ratelimit-policy, retry-after, x-request-id";

/** Off unless the origin is listed; the operator's routes are never open to a page of another origin. */
export function cors(origins: readonly string[]): RequestHandler {
  const listed = new Set(origins);
  return (req, res, next) => {
    const origin = req.headers.origin;
    if (listed.size > 0) res.vary("origin");
    if (origin === undefined || !listed.has(origin) || req.path.startsWith("/admin")) return next();
    res.setHeader("access-control-allow-origin", origin);
    res.setHeader("access-control-expose-headers", RESPONSE_HEADERS);
    if (req.method !== "OPTIONS" || req.headers["access-control-request-method"] === undefined) return next();
    res.setHeader("access-control-allow-methods", "GET, POST, PATCH, DELETE");
    res.setHeader("access-control-allow-headers", REQUEST_HEADERS);
    res.setHeader("access-control-max-age", MAX_AGE_SECONDS);
    return res.status(204).end();
  };
}
