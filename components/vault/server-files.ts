/** Folder of the server's settings and certificates, which come from its secret. */
export const settingsFolder = "/etc/vault.d";

interface ServerFile {
  /** Group that may read it, beside root, who alone may write it. */
  group: "root" | "vault";
  /** Mode, octal. */
  mode: string;
}

const ofVault: ServerFile = { group: "vault", mode: "0440" };

/** What a server takes from its secret, by path: whoever can write the secret gets no other file onto the server. */
export const serverFiles: Readonly<Record<string, ServerFile>> = {
  "/usr/local/sbin/vault-first-boot": { group: "root", mode: "0755" },
  [`${settingsFolder}/server.json`]: ofVault,
  [`${settingsFolder}/closed.json`]: ofVault,
  [`${settingsFolder}/open.json`]: ofVault,
  [`${settingsFolder}/first-boot.json`]: ofVault,
  [`${settingsFolder}/tls/ca.crt`]: ofVault,
  [`${settingsFolder}/tls/server.crt`]: ofVault,
  [`${settingsFolder}/tls/server.key`]: ofVault,
};
