/** A reason to stop that the reader can act on: it is printed as it is, without a stack trace. */
export class StopWithSentence extends Error {
  /** @param {string} sentence @param {number} exitCode sysexits: 69 = something is missing, 70 = ours, 75 = try again */
  constructor(sentence, exitCode = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/** Runs a script's main function; every script of this folder ends here, whatever is still under way. */
export async function runScript(main) {
  process.exit(await exitCodeOf(main));
}

async function exitCodeOf(main) {
  try {
    return (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof StopWithSentence)) console.error(error);
    else if (error.message !== "") console.error(`\n${error.message}`);
    return error instanceof StopWithSentence ? error.exitCode : 70;
  }
}
