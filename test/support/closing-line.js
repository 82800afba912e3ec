/**
 * Ends a jest run with a plain `N passed, N failed` line, which CI systems read in any language.
 * A test file that could not run counts as one failure, so that it can never be overlooked.
 */
// @ts-check
module.exports = class ClosingLine {
  /**
   * @param {unknown} _contexts
   * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number }} results
   */
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    // At exit, so that it stands below the summary of the other reporters.
    process.once("exit", () =>
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`),
    );
  }
};
