import { AppError } from "../errors";

/**
 * Numbers of a body that are no integers as they are written: `1.5`, but also `1.0` and `1e3`, which every parser turns into
 * a number without a trace of how it was written, and integers above 2^53-1, which it rounds. On a money route two readers
 * of one text must never see two amounts, so the text itself is read.
 */
export function requireWrittenIntegers(text: string): void {
  const message = "must be written as an integer of at most 9007199254740991";
  const errors = findOtherNumbers(text).map((path) => ({
    path,
    code: isAmount(path) ? "invalid_amount" : "not_an_integer",
    message,
  }));
  const [first] = errors;
  if (first === undefined) return;
  const onlyAmounts = errors.every(({ code }) => code === "invalid_amount");
  throw new AppError(onlyAmounts ? "invalid_amount" : "invalid_request", {
    errors,
    message: `${first.path === "" ? "The request" : first.path}: ${message}`,
  });
}

/** Names of money fields, alone or in a list: amount, fee_amount, amount_sats, split_amounts, carrier_units. */
function isAmount(path: string): boolean {
  const name = path.split(".").findLast((part) => !/^\d+$/.test(part));
  return name !== undefined && /(^|_)(amounts?|sats|units)(_|$)/.test(name);
}

/** Strings are matched whole, so that nothing inside them is taken for a number or a bracket. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/g;

/** Where the reader stands: in an object (the key it has read last) or in a list (the index). */
type Level = { readonly kind: "object"; key: string } | { readonly kind: "list"; index: number };

/** Paths of the numbers that are not integers as written. `text` is valid JSON. */
function findOtherNumbers(text: string): string[] {
  const found: string[] = [];
  const levels: Level[] = [];
  let lastString = '""';
  for (const [token] of text.matchAll(TOKENS)) {
    const level = levels.at(-1);
    if (token === "{") levels.push({ kind: "object", key: "" });
    else if (token === "[") levels.push({ kind: "list", index: 0 });
    else if (token === "}" || token === "]") levels.pop();
    else if (token === "," && level?.kind === "list") level.index += 1;
    else if (token === ":" && level?.kind === "object") level.key = JSON.parse(lastString) as string;
    else if (token.startsWith('"')) lastString = token;
    else if (isNumber(token) && !isInteger(token)) found.push(pathOf(levels));
  }
  return found;
}

function isNumber(token: string): boolean {
  return /^[-\d]/.test(token);
}

function isInteger(token: string): boolean {
  return /^-?\d+$/.test(token) && Number.isSafeInteger(Number(token));
}

function pathOf(levels: readonly Level[]): string {
  return levels.map((level) => (level.kind === "object" ? level.key : String(level.index))).join(".");
}
