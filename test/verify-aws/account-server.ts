import { createServer, type Server } from "node:http";

const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

/**
 * An AWS in which nothing can be done: it tells in which account one is, so that the provider holds it against
 * `allowedAccountIds`, and that nothing of EC2 has a tag, and refuses everything else. What was refused shows whether a plan asked for more.
 */
export class AccountServer {
  readonly refused: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly endpoint: string,
  ) {}

  static open(accountId: string): Promise<AccountServer> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : 0;
        const opened = new AccountServer(server, `http://127.0.0.1:${port}`);
        opened.answer(accountId);
        resolve(opened);
      });
    });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(accountId: string): void {
    this.server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (data: Buffer) => chunks.push(data));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const action = new URLSearchParams(body).get("Action");
        if (action === "GetCallerIdentity") {
          response.writeHead(200, { "content-type": "text/xml" }).end(identity(accountId));
          return;
        }
        // A plan of an instance asks whether EC2 noted the template that it was launched from.
        if (action === "DescribeTags") {
          response.writeHead(200, { "content-type": "text/xml" }).end(noTags);
          return;
        }
        const target = request.headers["x-amz-target"];
        this.refused.push(String(action ?? target ?? [request.method, request.url].join(" ")));
        response.writeHead(403, { "content-type": "text/plain" }).end("this account has nothing");
      });
    });
  }
}

const noTags =
  '<DescribeTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>verify</requestId><tagSet/></DescribeTagsResponse>';

function identity(accountId: string): string {
  const result = `<Arn>arn:aws:iam::${accountId}:user/verify</Arn><UserId>AIDAVERIFY</UserId><Account>${accountId}</Account>`;
  return `<GetCallerIdentityResponse xmlns="${xmlns}"><GetCallerIdentityResult>${result}</GetCallerIdentityResult><ResponseMetadata><RequestId>verify</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
}
