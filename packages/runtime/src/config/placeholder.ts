/** Values that are public because they stand in this repository; fine on a laptop, refused in production. */
export const DEV_SECRET_KEY = "dev-secret-key-for-development-only";
export const DEV_ENCRYPTION_KEY = "6465762d656e6372797074696f6e2d6b65792d666f722d6465762d6f6e6c7921";
export const DEV_WALLET_SEED = "6465762d77616c6c65742d736565642d6e6f742d666f722d6d61696e6e657421";

const DEV_VALUES: ReadonlySet<string> = new Set([DEV_SECRET_KEY, DEV_ENCRYPTION_KEY, DEV_WALLET_SEED]);

const PLACEHOLDER =
  /change[-_ ]?me|placeholder|example|replace|your[-_ ]|^(secret|password|rootpassword|test|dev|admin|user)$|^<.*>$|^\*+$/i;

/** Whether a secret is one that everybody knows. */
function isPlaceholder(value: string | Uint8Array): boolean {
  if (typeof value !== "string") return DEV_VALUES.has(Buffer.from(value).toString("hex")) || new Set(value).size === 1;
  return DEV_VALUES.has(value) || PLACEHOLDER.test(value) || new Set(value).size === 1;
}

/** The problem line of each named secret that is one, for a section's `check` in production. */
export function findPlaceholders(
  secrets: Readonly<Record<string, string | Uint8Array | readonly (string | Uint8Array)[] | undefined>>,
): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => [value].flat().some((entry) => entry !== undefined && isPlaceholder(entry)))
    .map(([name]) => `${name}: a placeholder or development value is refused in production`);
}
