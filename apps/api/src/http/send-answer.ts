import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import type { Request, Response } from "express";

import type { ErrorAnswer } from "./error-response";
import type { Answer, Env, Route } from "./route";

const JSON_TYPE = "application/json; charset=utf-8";
export const PROBLEM_JSON = "application/problem+json; charset=utf-8";
const SHORT_CACHE = "public, max-age=5";

/** Writes an answer; JSON bodies get the `timestamp` of the contract unless the route's body is exact. */
export function sendAnswer(route: Route, env: Env, req: Request, res: Response, answer: Answer): void {
  // A stored refusal that is given again is a problem document, not one of the replies.
  const isProblem = answer.headers?.["content-type"] === PROBLEM_JSON;
  if (env.deps.settings.checkReplies && !isProblem) assertReply(route, answer);
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  res.setHeader("cache-control", route.cache === "short" ? SHORT_CACHE : "no-store");
  if (answer.body === undefined) {
    res.status(answer.status).end();
    return;
  }
  if (route.cache === "short" && isUnchanged(req, res, answer.body)) {
    res.status(304).end();
    return;
  }
  const body = isProblem ? answer.body : withTimestamp(route, env, answer.body);
  sendJson(res, answer.status, isProblem ? PROBLEM_JSON : JSON_TYPE, body);
}

export function sendProblem(res: Response, answer: ErrorAnswer): void {
  for (const [name, value] of Object.entries(answer.headers)) res.setHeader(name, value);
  res.setHeader("cache-control", "no-store");
  // An unread body would be taken for the next request of the connection.
  if (answer.status === 413) res.setHeader("connection", "close");
  sendJson(res, answer.status, PROBLEM_JSON, answer.body);
}

function sendJson(res: Response, status: number, contentType: string, body: unknown): void {
  const text = JSON.stringify(body);
  res.statusCode = status;
  res.setHeader("content-type", contentType);
  res.setHeader("content-length", Buffer.byteLength(text));
  // A string leaves together with the headers, bytes would be a piece of their own.
  res.end(text);
}

/** A stored answer brings its own timestamp: a replay shows when it was given. */
function withTimestamp(route: Route, env: Env, body: unknown): unknown {
  if (route.exact || typeof body !== "object" || body === null || "timestamp" in body) return body;
  return { ...body, timestamp: env.deps.clock.now().toISOString() };
}

/** Over the body without its timestamp, which would make every answer a new one. */
function isUnchanged(req: Request, res: Response, body: unknown): boolean {
  const etag = `"${createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 22)}"`;
  res.setHeader("etag", etag);
  return req.headers["if-none-match"]?.split(/\s*,\s*/).includes(etag) ?? false;
}

/** In tests an answer that breaks its own schema, or says more than it, is a failure. */
function assertReply(route: Route, answer: Answer): void {
  const schema = route.replies[answer.status];
  if (schema === undefined) throw new Error(`${route.method} ${route.path} has no reply ${String(answer.status)}`);
  const sent: unknown = answer.body === undefined ? undefined : JSON.parse(JSON.stringify(answer.body));
  const { timestamp: _, ...bare } = typeof sent === "object" && sent !== null ? (sent as Record<string, unknown>) : {};
  const checked = answer.body === undefined ? undefined : bare;
  if (!isDeepStrictEqual(schema.parse(checked), checked)) {
    throw new Error(`${route.method} ${route.path} answers with fields its schema does not have`);
  }
}
