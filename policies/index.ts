import { PolicyPack } from "@pulumi/policy";
import { nativePolicy } from "./native";
import { rules } from "./rules";

new PolicyPack("drawbridge", {
  description: "Rules that keep a private Kubernetes platform on AWS hardened",
  policies: rules.map(nativePolicy),
});
