import { token } from "../../policies/tokens";
import { casesFor } from "../support/rule-cases";
import { platform, resource } from "../support/rule-platform";
import type { Change } from "../support/rule-stack";
import { gone, ref, unknown } from "../support/rule-stack";

const account = "111122223333";
const strangers = "999988887777";
const toStrangers = `arn:aws:lambda:eu-west-1:${strangers}:function:x`;
const collector = (targetArn: unknown): Change => ({
  collector: resource(token.logDestination, { targetArn }),
});
const streamOf = (owner: string) => `arn:aws:kinesis:eu-west-1:${owner}:stream/logs`;
const domainOf = (owner: string) => `arn:aws:es:eu-west-1:${owner}:domain/central`;
const intoElasticsearch = (domainArn: unknown): Change => ({
  "delivery.destination": "elasticsearch",
  "delivery.opensearchConfiguration": gone,
  "delivery.elasticsearchConfiguration": { domainArn },
});
const fault = (field: string, got: string) =>
  `${field} must be of an account of the stack, got "${got}"`;

casesFor("log-own-accounts [S1] [M1]", {
  base: platform,
  passes: [
    ["a stream of the stack", {}],
    ["a stream of the account", { "log-filter.destinationArn": streamOf(account) }],
    [
      "a domain of the account",
      { "delivery.opensearchConfiguration.domainArn": domainOf(account) },
    ],
    ["a stream without a log store", { "delivery.opensearchConfiguration": gone }],
    ["a destination for others, to a stream of the stack", collector(ref("delivery", "arn"))],
    [
      "an account that is known before the rest",
      { "log-filter.destinationArn": streamOf(account).replace("logs", unknown) },
    ],
  ],
  fails: [
    [
      "a function of strangers",
      { "log-filter.destinationArn": toStrangers },
      [fault("log-filter: destinationArn", toStrangers)],
    ],
    [
      "a destination of strangers",
      { "log-filter.destinationArn": `arn:aws:logs:eu-west-1:${strangers}:destination:x` },
      [fault("log-filter: destinationArn", `arn:aws:logs:eu-west-1:${strangers}:destination:x`)],
    ],
    [
      "a destination to a stream of strangers",
      collector(streamOf(strangers)),
      [fault("collector: targetArn", streamOf(strangers))],
    ],
    [
      "a domain of strangers",
      { "delivery.opensearchConfiguration.domainArn": domainOf(strangers) },
      [fault("delivery: opensearchConfiguration.domainArn", domainOf(strangers))],
    ],
    [
      "a domain of strangers, of Elasticsearch",
      intoElasticsearch(domainOf(strangers)),
      [fault("delivery: elasticsearchConfiguration.domainArn", domainOf(strangers))],
    ],
    [
      "what is no ARN",
      { "log-filter.destinationArn": "elsewhere" },
      [fault("log-filter: destinationArn", "elsewhere")],
    ],
    [
      "strangers who are known before the rest",
      { "log-filter.destinationArn": streamOf(strangers).replace("logs", unknown) },
      [fault("log-filter: destinationArn", streamOf(strangers).replace("logs", "(unknown)"))],
    ],
  ],
  undecided: [
    [
      "an unknown destination",
      { "log-filter.destinationArn": unknown },
      ["log-filter: undecided: destinationArn of log-filter is unknown until up"],
    ],
    [
      "an unknown account",
      { "log-filter.destinationArn": streamOf(unknown) },
      ["log-filter: undecided: destinationArn of log-filter is unknown until up"],
    ],
    [
      "accounts of the stack that nobody knows yet",
      {
        "provider.allowedAccountIds": JSON.stringify([unknown]),
        "log-filter.destinationArn": toStrangers,
      },
      ["log-filter: undecided: destinationArn of log-filter is unknown until up"],
    ],
  ],
  notApplicable: [
    [
      "no provider with accounts",
      { "provider.allowedAccountIds": gone },
      "no provider names the accounts of the stack",
    ],
  ],
});

casesFor("log-own-accounts [S1] [M1]", {
  base: platform,
  config: { accounts: [strangers] },
  passes: [
    ["the account that collects logs", { "log-filter.destinationArn": streamOf(strangers) }],
  ],
  fails: [
    [
      "another one",
      { "log-filter.destinationArn": streamOf("444455556666") },
      [fault("log-filter: destinationArn", streamOf("444455556666"))],
    ],
  ],
  undecided: [],
  decided: "the table above has them",
});
