import { AppError } from "../errors";
import { addressOfHost, isPublicAddress } from "./public-address";

export interface UrlRules {
  /** Plain http, outside production. */
  readonly allowHttp: boolean;
  /** WEBHOOK_ALLOW_PRIVATE: loopback and private targets, for development. */
  readonly allowPrivate: boolean;
}

const URL_LENGTH_MAX = 2_048;

/**
 * The URL as it is stored (WHATWG form, in which `http://2130706433/` is `http://127.0.0.1/`). Throws `webhook_url_refused`. What a
 * name resolves to is judged at every delivery, not here: it may be another address tomorrow.
 */
export function parseEndpointUrl(text: string, rules: UrlRules): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.href.length > URL_LENGTH_MAX) throw refused("is not a URL of at most 2048 characters");
  const problem = findUrlProblem(url, rules);
  if (problem !== undefined) throw refused(problem);
  return url.href;
}

/** Also asked before each delivery: the rules may have become stricter since the endpoint was made. */
export function findUrlProblem(url: URL, rules: UrlRules): string | undefined {
  const isHttp = url.protocol === "http:" && rules.allowHttp;
  if (url.protocol !== "https:" && !isHttp) return rules.allowHttp ? "needs http or https" : "needs https";
  if (url.username !== "" || url.password !== "") return "must not carry credentials";
  if (url.hash !== "") return "must not have a fragment";
  const address = addressOfHost(url.hostname);
  if (rules.allowPrivate) return undefined;
  if (address !== undefined && !isPublicAddress(address)) return "points to an address that is not public";
  if (address === undefined && isLocalName(url.hostname)) return "points to a name of this network";
  return undefined;
}

/** Names that no public resolver knows; they would fail later, and with less of a reason. */
function isLocalName(host: string): boolean {
  const name = host.replace(/\.$/, "");
  return !name.includes(".") || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name);
}

function refused(problem: string): AppError {
  return new AppError("webhook_url_refused", {
    message: `The URL ${problem}.`,
    errors: [{ path: "url", code: "refused", message: problem }],
  });
}
