import { durationSeconds } from "../../plan/registration";

describe("durationSeconds", () => {
  it.each([
    ["90s", 90],
    ["30m", 1800],
    ["1h30m", 5400],
    ["1.5h", 5400],
    ["500ms", 0.5],
  ])("reads %s", (duration, seconds) => {
    expect(durationSeconds(duration)).toBeCloseTo(seconds, 9);
  });

  it.each(["30", "m", "1 h", "1d"])("fails %s", (duration) => {
    expect(() => durationSeconds(duration)).toThrow(
      `customTimeouts must be a number with a unit such as 30m, got "${duration}"`,
    );
  });
});
