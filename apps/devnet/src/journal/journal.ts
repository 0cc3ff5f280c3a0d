import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** The file is damaged in its middle: nothing sensible can be resumed from it. */
export class JournalDamagedError extends Error {}

/**
 * An append-only file of JSON lines. `append` returns after the kernel has the line, so what was answered survives a kill -9 of
 * the process; only a crash of the machine can lose the last lines, which a development network can bear.
 * A process that dies in the middle of a write leaves a last line without its end: that line was never answered, it is cut off.
 */
export class Journal<R> {
  #fd: number;

  private constructor(
    private readonly path: string,
    fd: number,
  ) {
    this.#fd = fd;
  }

  /** Opens or creates the file and hands every record to `replay`, oldest first. Throws JournalDamagedError. */
  static open<R>(path: string, replay: (record: R) => void): Journal<R> {
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const end = text.lastIndexOf(0x0a) + 1;
    // The lines are our own: append wrote them from an R.
    replayLines(path, text.subarray(0, end).toString("utf8"), (record) => replay(record as R));
    const fd = openSync(path, "a");
    if (end < text.length) ftruncateSync(fd, end);
    return new Journal<R>(path, fd);
  }

  append(record: R): void {
    writeFully(this.#fd, `${JSON.stringify(record)}\n`);
  }

  /**
   * Replaces the whole content at once: the new file is on disk before it takes the old one's name, so a crash at any moment
   * leaves one of the two.
   */
  rewrite(records: Iterable<R>): void {
    const temporary = `${this.path}.new`;
    const fd = openSync(temporary, "w");
    for (const record of records) writeFully(fd, `${JSON.stringify(record)}\n`);
    fsyncSync(fd);
    renameSync(temporary, this.path);
    syncFolder(dirname(this.path));
    closeSync(this.#fd);
    this.#fd = fd;
  }

  close(): void {
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }
}

function replayLines(path: string, text: string, replay: (record: unknown) => void): void {
  text.split("\n").forEach((line, index) => {
    if (line !== "") replay(parseLine(path, line, index + 1));
  });
}

function parseLine(path: string, line: string, lineNumber: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new JournalDamagedError(`${path}, line ${lineNumber} is damaged; "npm run reset" starts devnet afresh`);
  }
}

/** writeSync may write less than asked for. */
function writeFully(fd: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
}

/** A rename is only durable once its folder is. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  fsyncSync(fd);
  closeSync(fd);
}
