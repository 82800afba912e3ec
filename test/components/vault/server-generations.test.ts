import { describeServers, refusalOfServers } from "../../../components/vault/server-generations";

const comment = describeServers([1, 2, 1]);

describe("the generations of servers", () => {
  it("are told by the comment of their zone", () => {
    expect(comment).toBe("Vault, servers of generations 1, 2, 1");
  });

  it.each([
    ["none", [1, 2, 1]],
    ["the first", [2, 2, 1]],
    ["the last, by more than one", [1, 2, 9]],
  ])("may rise for one server: %s", (_which, generations) => {
    expect(refusalOfServers(comment, generations)).toBeUndefined();
  });

  it.each([
    ["two", [2, 2, 2], "must change by one number in an up, got 2, 2, 2 after 1, 2, 1"],
    ["one up and one down", [2, 1, 1], "must change by one number in an up, got 2, 1, 1"],
    ["all three", [2, 3, 2], "must change by one number in an up, got 2, 3, 2"],
    ["one down", [1, 1, 1], "must not fall, got 1, 1, 1 after 1, 2, 1"],
  ])("may not change for others: %s", (_which, generations, refusal) => {
    expect(refusalOfServers(comment, generations)).toContain(`vault.serverGenerations ${refusal}`);
  });

  it.each([undefined, "Vault", "Vault, servers of generations 1, 2, 1, and more"])(
    "are not guessed from %j",
    (other) => {
      expect(refusalOfServers(other, [1, 2, 1])).toBe(
        `the comment of Vault's zone must tell the generations of the servers that there are, such as "Vault, servers of generations 1, 2, 1", got "${String(other)}"; put it right with aws route53 update-hosted-zone-comment, then pulumi refresh`,
      );
    },
  );
});
