/**
 * Empty projects, each with one client package installed as its registry's tool does it. Each function is given a
 * folder and a program, and gives what the program printed.
 */
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { command } from "../command.ts";

/** What `tools/packages` has made; there is one of each kind. */
function artefact(pattern: string): string {
  const [file, ...others] = globSync(`packages/*/dist/${pattern}`);
  if (file === undefined || others.length > 0) throw new Error(`not one ${pattern}`);
  return resolve(file);
}

export async function npmProject(folder: string, program: string): Promise<string> {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(folder, "main.ts"), program);
  const wanted = [artefact("inferd-client-*.tgz"), "nice-grpc@2.1.18"];
  await command("npm", ["install", "--no-audit", "--no-fund", ...wanted], { cwd: folder });
  const strict = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext"];
  await command(resolve("node_modules/.bin/tsc"), [...strict, "main.ts"], { cwd: folder });
  return command(process.execPath, ["main.ts"], { cwd: folder });
}

export async function pythonProject(folder: string, program: string): Promise<string> {
  writeFileSync(join(folder, "main.py"), program);
  await command("python3", ["-m", "venv", "venv"], { cwd: folder });
  const wheel = artefact("inferd_client-*.whl");
  await command("venv/bin/pip", ["install", "--quiet", wheel], { cwd: folder });
  return command("venv/bin/python", ["main.py"], { cwd: folder, env: { PYTHONUTF8: "1" } });
}

export async function javaProject(folder: string, program: string): Promise<string> {
  // A repository of the test's own: what is installed elsewhere would hide what is published under that version.
  const repository = resolve(".cache/packages/m2");
  const maven = (...parameters: string[]) =>
    command("mvn", ["--batch-mode", "--quiet", `-Dmaven.repo.local=${repository}`, ...parameters], {
      cwd: folder,
    });
  writeFileSync(join(folder, "Main.java"), program);
  const [jar, pom] = [artefact("inferd-client-*.jar"), artefact("inferd-client.pom")];
  const version = /inferd-client-(.+)\.jar$/.exec(jar)![1]!;
  writeFileSync(join(folder, "pom.xml"), javaPom.replace("VERSION", version));
  const plugins = "org.apache.maven.plugins";
  const install = `${plugins}:maven-install-plugin:3.1.4:install-file`;
  await maven(install, `-Dfile=${jar}`, `-DpomFile=${pom}`);
  const classpath = `${plugins}:maven-dependency-plugin:3.8.1:build-classpath`;
  await maven(classpath, "-Dmdep.outputFile=classpath");
  const path = readFileSync(join(folder, "classpath"), "utf8");
  return command("java", ["-cp", path, "Main.java"], { cwd: folder });
}

const javaPom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId>
  <artifactId>example</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>dev.inferd</groupId>
      <artifactId>inferd-client</artifactId>
      <version>VERSION</version>
    </dependency>
    <dependency>
      <groupId>io.grpc</groupId>
      <artifactId>grpc-netty-shaded</artifactId>
      <version>1.85.0</version>
    </dependency>
  </dependencies>
</project>
`;

export async function rustProject(folder: string, program: string): Promise<string> {
  mkdirSync(join(folder, "src"));
  mkdirSync(join(folder, "crate"));
  writeFileSync(join(folder, "src/main.rs"), program);
  await command("tar", ["-xzf", artefact("inferd-v1-*.crate"), "--strip-components=1"], {
    cwd: join(folder, "crate"),
  });
  const dependencies = `inferd-v1 = { path = "crate" }
tokio = { version = "1.54", features = ["macros", "rt-multi-thread"] }`;
  const manifest = `[package]\nname = "example"\nedition = "2024"\n[dependencies]\n${dependencies}\n`;
  writeFileSync(join(folder, "Cargo.toml"), manifest);
  // The versions that the package was built with, and what it compiled, are taken again.
  cpSync("packages/rust/Cargo.lock", join(folder, "Cargo.lock"));
  const env = { CARGO_TARGET_DIR: resolve(".cache/packages/rust") };
  return command("cargo", ["run", "--quiet"], { cwd: folder, env });
}
