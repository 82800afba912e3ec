import { AccountServer } from "./account-server";

describe("AccountServer", () => {
  let server: AccountServer;
  beforeEach(async () => {
    server = await AccountServer.open("111122223333");
  });
  afterEach(() => server.close());

  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(server.endpoint, { method: "POST", body, headers });

  it("says in which account one is", async () => {
    const response = await post("Action=GetCallerIdentity&Version=2011-06-15");
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<Account>111122223333</Account>");
    expect(server.refused).toEqual([]);
  });

  it("refuses all else, and remembers what it was", async () => {
    const responses = [
      await post("Action=DescribeVpcs"),
      await post("{}", { "x-amz-target": "TrentService.ListKeys" }),
      await fetch(`${server.endpoint}/clusters`),
    ];
    expect(responses.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(server.refused).toEqual(["DescribeVpcs", "TrentService.ListKeys", "GET /clusters"]);
  });
});
