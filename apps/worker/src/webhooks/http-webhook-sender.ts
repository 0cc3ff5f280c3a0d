import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";

import type { WebhookAnswer, WebhookSender } from "@arkrelay/core/ports/webhook-stores";
import { findUrlProblem, type UrlRules } from "@arkrelay/core/webhook/endpoint-url";
import { isPublicAddress } from "@arkrelay/core/webhook/public-address";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export interface WebhookSenderOptions {
  /** For name resolution, connection, TLS and the answer together. */
  readonly timeoutMs: number;
  readonly urlRules: UrlRules;
  /** Instead of the system's resolver, for tests. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
}

/** What of an answer is kept, and how much is read so that its connection can be used again. */
const EXCERPT_BYTES = 1_024;
const ANSWER_BYTES_MAX = 64 * 1_024;
/** An unused connection is closed before most servers would do it under our feet. */
const IDLE_MS = 4_000;

class AddressRefused extends Error {}

/**
 * Sends webhooks over kept-alive connections. A name is resolved here, every address it has is checked, and the connection goes to
 * exactly these: what the name says a moment later does not matter. Addresses in the URL itself never come to a resolver, so they
 * are checked before. Redirects are answers like others, never followed.
 */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender & { close(): void } {
  const agents = { http: new HttpAgent(AGENT), https: new HttpsAgent(AGENT) };
  const resolveChecked = checkedLookup(options);
  return {
    async send({ url, headers, body, signal }): Promise<WebhookAnswer> {
      const startedAt = performance.now();
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      const target = new URL(url);
      const problem = findUrlProblem(target, options.urlRules);
      const post = (): Promise<Unmeasured> =>
        postOnce(target, body, deadline, {
          method: "POST",
          headers: {
            ...headers,
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "user-agent": "ArkRelay-Webhooks/1",
          },
          agent: target.protocol === "https:" ? agents.https : agents.http,
          lookup: resolveChecked,
        });
      const answer = problem === undefined ? await post() : unanswered(`The URL ${problem}`);
      return { ...answer, latencyMs: Math.round(performance.now() - startedAt) };
    },
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

const AGENT = { keepAlive: true, maxFreeSockets: 2, timeout: IDLE_MS };

type Unmeasured = Omit<WebhookAnswer, "latencyMs">;

/** An answer, or why there is none; `isStale` = the receiver most likely closed the kept connection while we picked it. */
type Exchange =
  | { readonly kind: "answered"; readonly response: IncomingMessage }
  | { readonly kind: "failed"; readonly error: NodeJS.ErrnoException; readonly isStale: boolean };

async function postOnce(
  target: URL,
  body: string,
  deadline: AbortSignal,
  options: RequestOptions,
): Promise<Unmeasured> {
  for (;;) {
    const exchange = await exchangeOnce(target, body, { ...options, signal: deadline });
    if (exchange.kind === "answered") return readAnswer(exchange.response);
    // Over another connection at once; if the receiver has read the call all the same, it knows the id.
    if (!exchange.isStale || deadline.aborted) return unanswered(reasonOf(exchange.error, deadline));
  }
}

function exchangeOnce(target: URL, body: string, options: RequestOptions): Promise<Exchange> {
  return new Promise((resolve) => {
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(target, options);
    request.on("response", (response) => resolve({ kind: "answered", response }));
    // Also heard of when the rest of an answer fails, which is for its reader; it is resolved already then.
    request.on("error", (error: NodeJS.ErrnoException) =>
      resolve({ kind: "failed", error, isStale: request.reusedSocket && error.code === "ECONNRESET" }),
    );
    request.end(body);
  });
}

/** The status counts once it is here, even if the rest of the answer never ends. */
async function readAnswer(response: IncomingMessage): Promise<Unmeasured> {
  const kept: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (bytes < EXCERPT_BYTES) kept.push(chunk.subarray(0, EXCERPT_BYTES - bytes));
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) break;
    }
  } catch {
    // Cut off in the middle: the excerpt is shorter, and nothing else depends on it.
  }
  response.destroy();
  const status = response.statusCode ?? 0;
  const excerpt = Buffer.concat(kept).toString("utf8").replaceAll("\0", "");
  return { status, excerpt, error: problemOf(status) };
}

function problemOf(status: number): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  return status >= 300 && status < 400 ? "Redirects are not followed" : `Answered ${String(status)}`;
}

function unanswered(error: string): Unmeasured {
  return { status: undefined, excerpt: undefined, error };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "The connection was refused",
  ECONNRESET: "The connection was reset",
  EPIPE: "The connection was reset",
  ENOTFOUND: "The name does not resolve",
  EAI_AGAIN: "The name does not resolve",
  ENETUNREACH: "The host is not reachable",
  EHOSTUNREACH: "The host is not reachable",
  ETIMEDOUT: "No answer in time",
};

/** In our own words: a library's text may say more about this network than the owner of an endpoint may know. */
function reasonOf(error: NodeJS.ErrnoException, deadline: AbortSignal): string {
  if (deadline.aborted) return "No answer in time";
  if (error instanceof AddressRefused || error.cause instanceof AddressRefused)
    return "The name points to an address that is not public";
  if (/^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|EPROTO|ERR_SSL)/.test(error.code ?? ""))
    return "The TLS connection failed";
  return REASONS[error.code ?? ""] ?? "The call failed";
}

/** Node's `lookup` of a socket, with a check of every address before any is used. */
function checkedLookup({ urlRules, resolve = resolveBySystem }: WebhookSenderOptions): LookupFunction {
  return (host, { all }, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        const isAllowed = urlRules.allowPrivate || addresses.every(({ address }) => isPublicAddress(address));
        if (first === undefined || !isAllowed) callback(new AddressRefused("refused"), "", 0);
        else if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, "", 0),
    );
  };
}

function resolveBySystem(host: string): Promise<readonly ResolvedAddress[]> {
  return lookup(host, { all: true, verbatim: true });
}
