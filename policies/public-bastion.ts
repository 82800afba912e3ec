/** Configuration of the rules that keep a bastion private unless people come in by SSH from the internet. */
export const publicBastion = {
  type: "boolean" as const,
  default: false,
  description: "Whether the bastion may have a public address, for SSH from trusted networks.",
};
