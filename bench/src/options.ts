import { parseArgs } from "node:util";

const PARTS = ["enqueue", "worker", "ceremony", "lightning", "daemon", "schnorr"] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly rounds: number;
  readonly roundMs: number;
  readonly jobs: number;
}

/** `--only enqueue,schnorr --rounds 5 --seconds 4 --jobs 2000` */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: "string", default: PARTS.join(",") },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      jobs: { type: "string", default: "2000" },
    },
  });
  return {
    parts: values.only.split(",").map(toPart),
    rounds: toCount("--rounds", values.rounds),
    roundMs: toCount("--seconds", values.seconds) * 1000,
    jobs: toCount("--jobs", values.jobs),
  };
}

function toPart(name: string): Part {
  const part = PARTS.find((known) => known === name);
  if (part === undefined) throw new Error(`--only knows ${PARTS.join(", ")}, not "${name}"`);
  return part;
}

function toCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${name} must be a positive whole number, not "${text}"`);
}
