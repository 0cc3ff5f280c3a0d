/** "0.21.2-beta commit=…" -> [0, 21, 2]: what follows the leading numbers is not ordered. undefined = not a version. */
export function parseLeadingSemver(text: string): readonly [major: number, minor: number, patch: number] | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch)];
}

/** False also for what is no version. */
export function isAtLeast(text: string, major: number, minor: number): boolean {
  const [actualMajor, actualMinor] = parseLeadingSemver(text) ?? [-1, 0];
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}
