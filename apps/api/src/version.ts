import manifest from "../package.json";

/** Of this release, as every status route shows it. */
export const VERSION: string = manifest.version;
