import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openIdentity } from "./devnet-identity";
import { Journal, JournalDamagedError } from "./journal";

interface Line {
  readonly n: number;
}

describe("Journal", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "devnet-journal-"));
    path = join(folder, "test.jsonl");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function read(): number[] {
    const seen: number[] = [];
    Journal.open<Line>(path, ({ n }) => seen.push(n)).close();
    return seen;
  }

  it("has every appended record on disk as soon as append returns", () => {
    const journal = Journal.open<Line>(path, () => undefined);
    journal.append({ n: 1 });
    expect(readFileSync(path, "utf8")).toBe('{"n":1}\n');
    journal.close();
  });

  it("cuts off a last line that a dying process left unfinished, and appends after it", () => {
    writeFileSync(path, '{"n":1}\n{"n":2}\n{"n":');
    const seen: number[] = [];
    const journal = Journal.open<Line>(path, ({ n }) => seen.push(n));
    journal.append({ n: 3 });
    journal.close();
    expect(seen).toEqual([1, 2]);
    expect(read()).toEqual([1, 2, 3]);
  });

  it("cuts off even a last line that parses but has no end, because it was never answered", () => {
    writeFileSync(path, '{"n":1}\n{"n":23}');
    expect(read()).toEqual([1]);
  });

  it("refuses a file damaged in its middle, naming the line", () => {
    writeFileSync(path, '{"n":1}\ngarbage\n{"n":2}\n');
    expect(read).toThrow(JournalDamagedError);
    expect(read).toThrow(/line 2/);
  });

  it("rewrites at once and keeps appending to the new file", () => {
    const journal = Journal.open<Line>(path, () => undefined);
    journal.append({ n: 1 });
    journal.rewrite([{ n: 7 }]);
    journal.append({ n: 8 });
    journal.close();
    expect(read()).toEqual([7, 8]);
  });

  it("ignores a half-written rewrite", () => {
    appendFileSync(path, '{"n":1}\n');
    writeFileSync(`${path}.new`, '{"n":');
    expect(read()).toEqual([1]);
  });
});

describe("openIdentity", () => {
  it("remembers seed and keys, counts starts, and lets an explicit seed replace only the seed", () => {
    const folder = mkdtempSync(join(tmpdir(), "devnet-identity-"));
    const first = openIdentity(folder, "one");
    const second = openIdentity(folder, undefined);
    const third = openIdentity(folder, "two");
    rmSync(folder, { recursive: true });
    expect([first.starts, second.starts, third.starts]).toEqual([1, 2, 3]);
    expect([second.seed, third.seed]).toEqual(["one", "two"]);
    expect(Buffer.from(third.signerSecret)).toEqual(Buffer.from(first.signerSecret));
  });
});
