import type { z } from "zod";

import { openDeadline } from "../deadline.js";
import { type GatewayClientError, RetriableHttpError, toGatewayError } from "../errors.js";
import { nip98Header } from "../nostr-utils.js";
import { type RetryOptions, withRetryAsync } from "../retry.js";
import type { Signer } from "../signer.js";
import { parseWith } from "../validation.js";
import { toProblem } from "./problem.js";
import { encodeBody } from "./request-body.js";

/** Who a call is made as; a route of one class only says so itself. */
export type CallAs = "owner" | "solver" | "admin" | "public";

export interface TransportOptions {
  readonly apiKey?: string;
  readonly adminKey?: string;
  readonly signer?: Pick<Signer, "signEvent">;
  /** One deadline for a whole call, retries included. */
  readonly timeoutMs?: number;
  /** Absent or false: nothing is ever sent twice. */
  readonly retry?: RetryOptions | boolean;
  readonly fetchImpl?: typeof fetch;
}

export interface CallOptions {
  /** Of a POST, PATCH or DELETE: generated when absent, the same on every retry. */
  readonly idempotencyKey?: string;
  /** Seconds the gateway may wait for the result (`Prefer: wait`), at most 10. */
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal;
  readonly as?: CallAs;
}

export interface HttpCall<S extends z.ZodType> extends CallOptions {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly reply: S;
  /** Statuses beside 2xx whose body is an answer, not a problem (health checks). */
  readonly alsoOk?: readonly number[];
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Sends requests: credentials, idempotency, retries under one deadline, problems turned into typed errors. */
export class HttpTransport {
  readonly #baseUrl: string;
  readonly #options: TransportOptions;
  readonly #fetch: typeof fetch;

  constructor(baseUrl: string, options: TransportOptions) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#options = options;
    // A bound copy: browsers refuse a fetch that is called as a method of another object.
    this.#fetch = options.fetchImpl ?? globalThis.fetch.bind(globalThis);
  }

  async call<S extends z.ZodType>(call: HttpCall<S>): Promise<z.infer<S>> {
    const timeoutMs = (this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + (call.waitSeconds ?? 0) * 1000;
    const deadlineAtMs = Date.now() + timeoutMs;
    const headers = this.#fixedHeaders(call);
    const body = call.body === undefined ? undefined : encodeBody(call.body);
    const deadline = openDeadline(timeoutMs, call.signal);
    const attempt = () => this.#attempt(call, headers, body, deadline.signal);
    try {
      const payload = await this.#withRetries(attempt, deadlineAtMs, call.signal);
      return parseWith(call.reply, payload, `${call.method} ${call.path}`);
    } finally {
      deadline.close();
    }
  }

  async #withRetries(
    attempt: () => Promise<unknown>,
    deadlineAtMs: number,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { retry } = this.#options;
    if (!retry) return attempt();
    return withRetryAsync(attempt, {
      ...(retry === true ? {} : retry),
      retryIf: isRetryable,
      waitMsOf: retryAfterMs,
      deadlineAtMs,
      ...(signal ? { signal } : {}),
    });
  }

  /** Opens a GET whose body is read as it comes (server-sent events). */
  async open(
    path: string,
    extra: Readonly<Record<string, string>>,
    signal: AbortSignal,
    as?: CallAs,
  ): Promise<Response> {
    const url = this.#url(path);
    const headers = { ...extra, ...(await this.#credentials("GET", url, undefined, as)) };
    const response = await this.#send(url, { method: "GET", headers, signal });
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async #attempt(
    call: HttpCall<z.ZodType>,
    fixed: Readonly<Record<string, string>>,
    body: Uint8Array<ArrayBuffer> | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    const url = this.#url(call.path, call.query);
    // The signed event is single-use, so each attempt signs its own.
    const headers = { ...fixed, ...(await this.#credentials(call.method, url, body, call.as)) };
    const response = await this.#send(url, { method: call.method, headers, signal, ...(body ? { body } : {}) });
    if (!response.ok && !call.alsoOk?.includes(response.status)) throw await problemOf(response);
    return response.status === 204 ? {} : await readJson(response);
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init);
    } catch (cause) {
      throw noAnswer(cause, init.signal ?? undefined);
    }
  }

  #url(path: string, query: HttpCall<z.ZodType>["query"] = {}): string {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
    const text = new URLSearchParams(given).toString();
    return `${this.#baseUrl}${path}${text === "" ? "" : `?${text}`}`;
  }

  #fixedHeaders(call: HttpCall<z.ZodType>): Record<string, string> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (call.method !== "GET") headers["idempotency-key"] = call.idempotencyKey ?? crypto.randomUUID();
    if (call.waitSeconds !== undefined) headers["prefer"] = `wait=${call.waitSeconds}`;
    return headers;
  }

  /** The API key speaks for a solver, the signer for an owner; a client that has only one of them uses it for both. */
  async #credentials(
    method: string,
    url: string,
    body: Uint8Array | undefined,
    as: CallAs = "solver",
  ): Promise<Record<string, string>> {
    const { apiKey, adminKey, signer } = this.#options;
    if (as === "public") return {};
    if (as === "admin") return adminKey === undefined ? {} : { "x-admin-key": adminKey };
    if (apiKey !== undefined && (as === "solver" || signer === undefined)) return { authorization: `Bearer ${apiKey}` };
    return signer === undefined ? {} : { authorization: await nip98Header(signer, method, url, body) };
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof RetriableHttpError && error.retryable;
}

function retryAfterMs(error: unknown): number | undefined {
  const seconds = error instanceof RetriableHttpError ? error.retryAfter : undefined;
  return seconds === undefined ? undefined : seconds * 1000;
}

async function problemOf(response: Response): Promise<GatewayClientError> {
  const text = await response.text().catch(() => "");
  return toGatewayError(toProblem(response.status, text, response.headers.get("retry-after")));
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    const problem = {
      status: response.status,
      code: "invalid_answer",
      detail: "the answer is not JSON",
      retryable: false,
    };
    throw toGatewayError(problem, cause);
  }
}

/** A deadline is final; anything else before an answer may be a passing fault, and a key makes repeating it safe. */
function noAnswer(cause: unknown, signal: AbortSignal | undefined): unknown {
  // By name: what fetch and signals throw may come from another realm, where instanceof does not hold.
  if (signal?.aborted && nameOf(cause) === "AbortError") return cause;
  const code = nameOf(cause) === "TimeoutError" ? "timeout" : "network_error";
  const detail = code === "timeout" ? "no answer in time" : "the gateway cannot be reached";
  return toGatewayError({ status: 0, code, detail, retryable: code === "network_error" }, cause);
}

function nameOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, "name") : undefined;
}
