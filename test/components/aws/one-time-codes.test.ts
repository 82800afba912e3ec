import { pamFile } from "../../../components/aws/one-time-codes";
import { fetchedCodes } from "../../support/fetched-codes";

// RFC 6238, appendix B: the key of its test vectors.
const key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const hex = "3132333435363738393031323334353637383930";

describe("fetchCodes", () => {
  it("writes a line for each person, and leaves nothing else behind", () => {
    expect(fetchedCodes({ alice: { text: key }, bob: { text: "A".repeat(26) } })).toEqual({
      status: 0,
      keys: `HOTP/T30/6 alice - ${hex}\nHOTP/T30/6 bob - ${"0".repeat(32)}\n`,
      files: ["keys"],
      logged: "",
    });
  });

  it.each([
    ["in groups of small letters", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"],
    ["with a line end", `${key}\n`],
  ])("takes a key %s", (_how, text) => {
    expect(fetchedCodes({ alice: { text } }).keys).toBe(`HOTP/T30/6 alice - ${hex}\n`);
  });

  it("takes keys of 32 bytes", () => {
    const { keys } = fetchedCodes({ alice: { text: "7".repeat(52) } });
    expect(keys).toBe(`HOTP/T30/6 alice - ${"f".repeat(64)}\n`);
  });

  it.each([
    ["gone", { error: "ResourceNotFoundException" }, "is gone"],
    ["about to go", { error: "InvalidRequestException" }, "is gone"],
    ["shorter than 16 bytes", { text: "A".repeat(24) }, "is no base32 of 16 to 32 bytes"],
    ["longer than 32 bytes", { text: "A".repeat(56) }, "is no base32 of 16 to 32 bytes"],
    ["a JSON document", { text: `{"key":"${key}"}` }, "is no base32 of 16 to 32 bytes"],
    ["binary", { text: "None" }, "is no base32 of 16 to 32 bytes"],
    ["not base32", { text: "1".repeat(32) }, "is no base32 of 16 to 32 bytes"],
  ])("leaves out a person whose secret is %s, says so, and lets others in", (_what, bad, why) => {
    expect(fetchedCodes({ alice: bad, bob: { text: key } })).toEqual({
      status: 0,
      keys: `HOTP/T30/6 bob - ${hex}\n`,
      files: ["keys"],
      logged: `-p authpriv.warning -t drawbridge alice cannot log in: the secret ${why}\n`,
    });
  });

  it.each(["AccessDeniedException", "InternalServiceError", "ThrottlingException"])(
    "fails without keys after %s, which may be otherwise the next time",
    (error) => {
      const { status, keys, logged } = fetchedCodes({ bob: { text: key }, alice: { error } });
      expect([status, keys]).toEqual([1, undefined]);
      expect(logged).toContain(`(${error})`);
    },
  );

  it("keeps what the module has noted", () => {
    const before = `HOTP/T30/6 alice - ${hex} 0 123456 2026-01-01T00:00:00L\n`;
    expect(fetchedCodes({ alice: { text: key } }, before)).toEqual({
      status: 0,
      keys: before,
      files: ["keys"],
      logged: "",
    });
  });
});

describe("pamFile", () => {
  it("takes no password, and ends with a refusal where the code is not right", () => {
    const lines = pamFile().trimEnd().split("\n");
    expect(lines.filter((line) => /^(auth|password)/.test(line))).toEqual([
      "auth required pam_faillock.so preauth dir=/run/faillock deny=5 fail_interval=900 unlock_time=900",
      "auth [success=1 default=ignore] pam_oath.so usersfile=/etc/ssh/codes/keys window=1 digits=6",
      "auth [default=die] pam_faillock.so authfail dir=/run/faillock deny=5 fail_interval=900 unlock_time=900",
      "auth required pam_faillock.so authsucc dir=/run/faillock deny=5 fail_interval=900 unlock_time=900",
      "password required pam_deny.so",
    ]);
  });
});
