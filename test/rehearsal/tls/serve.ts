import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
  answer,
  changedInputs,
  common,
  diffResponse,
  properties,
  serve,
  struct,
  typeOf,
  type Properties,
} from "../provider";
import { vaultVariable, type VaultSettings } from "../vault/serve";

/** What each type makes. A certificate authority is the one that vouches for the Vault of the rehearsal. */
const makers: Record<string, (urn: string) => Properties> = {
  "tls:index/privateKey:PrivateKey": () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", {
      namedCurve: "P-384",
      privateKeyEncoding: { type: "sec1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    return { privateKeyPem: privateKey, publicKeyPem: publicKey };
  },
  "tls:index/selfSignedCert:SelfSignedCert": () => ({ certPem: authority() }),
  // Nothing of the rehearsal reads these two: the servers of Vault that would are not started.
  "tls:index/certRequest:CertRequest": (urn) => ({ certRequestPem: `request of ${urn}` }),
  "tls:index/locallySignedCert:LocallySignedCert": (urn) => ({ certPem: `certificate of ${urn}` }),
};

function authority(): string {
  const file = process.env[vaultVariable];
  if (file === undefined) throw new Error(`${vaultVariable} must name the file of the settings`);
  const { caFile } = JSON.parse(readFileSync(file, "utf8")) as VaultSettings;
  return readFileSync(caFile, "utf8");
}

/** Every change of what was made makes it anew. */
function difference(request: messages.DiffRequest): messages.DiffResponse {
  const keys = changedInputs(request);
  return diffResponse(keys.length > 0)
    .setDiffsList(keys)
    .setReplacesList(keys);
}

function create(request: messages.CreateRequest): messages.CreateResponse {
  const urn = request.getUrn();
  const make = makers[typeOf(urn)];
  if (!make) throw new Error(`the stand-in for the tls provider must know ${typeOf(urn)}`);
  const outputs = { ...properties(request.getProperties()), ...make(urn) };
  return new messages.CreateResponse().setId(urn).setProperties(struct(outputs));
}

/** The tls provider as the engine sees it, without the real one's code. */
const calls = {
  ...common,
  diffConfig: answer(() => diffResponse(false)),
  configure: answer(() =>
    new messages.ConfigureResponse()
      .setAcceptsecrets(false)
      .setSupportspreview(false)
      .setAcceptresources(false)
      .setAcceptoutputs(false),
  ),
  check: answer((request: messages.CheckRequest) =>
    new messages.CheckResponse().setInputs(request.getNews()),
  ),
  diff: answer(difference),
  create: answer(create),
  // Nothing of it is anywhere but in the state.
  read: answer((request: messages.ReadRequest) =>
    new messages.ReadResponse()
      .setId(request.getId())
      .setInputs(request.getInputs())
      .setProperties(request.getProperties()),
  ),
  delete: answer(() => new Empty()),
};

if (require.main === module) serve(calls);
