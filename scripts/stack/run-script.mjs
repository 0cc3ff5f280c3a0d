import { parseArgs } from "node:util";

import { StopWithSentence } from "./stop-with-sentence.mjs";

/**
 * Runs a script's main function with its options; every script of this folder begins and ends here, whatever is still under
 * way. The options are read before anything is done: a wrong one does nothing, and `--help` is known to all of them.
 * @param {{help: string, options?: object, allowPositionals?: boolean}} usage options as `parseArgs` takes them
 * @param {(values: object, positionals: string[]) => Promise<number | void>} main its result is the exit code
 */
export async function runScript(usage, main) {
  process.exit(await exitCodeOf(usage, main));
}

async function exitCodeOf(usage, main) {
  try {
    const { values, positionals } = readOptions(usage);
    if (!values.help) return (await main(values, positionals)) ?? 0;
    console.log(usage.help);
    return 0;
  } catch (error) {
    if (!(error instanceof StopWithSentence)) console.error(error);
    else if (error.message !== "") console.error(`\n${error.message}`);
    return error instanceof StopWithSentence ? error.exitCode : 70;
  }
}

function readOptions({ help, options = {}, allowPositionals = false }) {
  const known = { ...options, help: { type: "boolean", default: false } };
  try {
    return parseArgs({ options: known, allowPositionals, strict: true });
  } catch (error) {
    // Node's advice on how to pass such a thing as a positional would only mislead.
    const sentence = error.message.split(". To specify")[0];
    throw new StopWithSentence(`${sentence}\n\n${help}`, 64);
  }
}
