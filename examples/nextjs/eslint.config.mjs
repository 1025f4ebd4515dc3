import next from "@next/eslint-plugin-next";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig([
  globalIgnores([".next/", "out/", "next-env.d.ts", "lib/intake.d.ts"]),
  ...typescript.configs.strict,
  hooks.configs.flat["recommended-latest"],
  next.configs["core-web-vitals"],
]);
