/**
 * The exact bytes of a JSON body. Amounts are integers everywhere in the API, so a float or an unsafe integer is the
 * caller's mistake and is refused before anything is signed or sent.
 */
export function encodeBody(body: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> {
  refuseUnsafeNumbers(body, "");
  return new TextEncoder().encode(JSON.stringify(body));
}

function refuseUnsafeNumbers(value: unknown, path: string): void {
  if (typeof value === "bigint") throw new TypeError(`${path}: pass amounts as integers, not bigint`);
  if (typeof value === "number" && isAmount(path) && !Number.isSafeInteger(value)) {
    throw new TypeError(`${path}: an amount must be a safe integer, not ${value}`);
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) refuseUnsafeNumbers(member, path === "" ? key : `${path}.${key}`);
}

/** Names of money fields; a solver's free-form job data may hold any number elsewhere. */
function isAmount(path: string): boolean {
  return !path.startsWith("data.") && /(?:^|[._])(?:amount|amounts|sats|fee|supply|count|units)(?:$|[._])/.test(path);
}
