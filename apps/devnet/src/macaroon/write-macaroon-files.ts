import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { writeFileAtomically } from "../journal/write-file-atomically";

/** `<folder>/<name>.macaroon`, readable by the owner only. Returns the paths by name. */
export function writeMacaroonFiles(
  folder: string,
  macaroons: Readonly<Record<string, Uint8Array>>,
): Readonly<Record<string, string>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return Object.fromEntries(
    Object.entries(macaroons).map(([name, bytes]) => {
      const file = join(folder, `${name}.macaroon`);
      writeFileAtomically(file, bytes, 0o600);
      return [name, file];
    }),
  );
}
