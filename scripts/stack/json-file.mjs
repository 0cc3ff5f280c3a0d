import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** @returns the parsed file, or undefined when it is missing or half-written. */
export function readJsonFile(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that a reader never sees half a file. */
export function writeJsonFile(file, value, mode = 0o600) {
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, `${JSON.stringify(value, null, 2)}\n`, { mode });
  renameSync(beside, file);
}

export function removeFile(file) {
  rmSync(file, { force: true });
}
