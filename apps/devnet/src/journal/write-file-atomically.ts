import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";

/** Readers see the old content or the new one, never a part; the new one is on disk before it takes the name. */
export function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o644): void {
  const temporary = `${path}.new`;
  const fd = openSync(temporary, "w", mode);
  writeFileSync(fd, content);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, path);
}
