/** An empty Go module that finds inferd.dev/go as anybody's does: by the page that names the repository, and by its tag. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { command } from "../command.ts";

export async function goProject(folder: string, program: string): Promise<string> {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const repository = await taggedRepository(join(folder, "repository"), `packages/go/v${version}`);
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "main.go"), program);
  const pages = await servePages();
  const env = await environment(folder, repository, pages.address);
  const go = (...parameters: string[]) => command("go", parameters, { cwd: project, env });
  try {
    await go("mod", "init", "example.com/project");
    await go("get", `inferd.dev/go/inferd/v1@v${version}`);
    return await go("run", "-trimpath", ".");
  } finally {
    pages.close();
  }
}

/** A repository with the package, where the real one has it, and a tag. */
async function taggedRepository(folder: string, tag: string): Promise<string> {
  mkdirSync(join(folder, "packages"), { recursive: true });
  cpSync("LICENSE", join(folder, "LICENSE"));
  cpSync("packages/go", join(folder, "packages/go"), { recursive: true });
  const git = (...parameters: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    return command("git", [...identity, ...parameters], { cwd: folder });
  };
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "Release");
  await git("tag", tag);
  return folder;
}

/** Plays inferd.dev to whoever takes it for a proxy: the page at /go and below, and nothing else. */
async function servePages() {
  const page = readFileSync("packages/go/go-import.html");
  const server = createServer(({ url }, response) => {
    const found = /^http:\/\/inferd\.dev\/go(?:\/.*)?\?go-get=1$/.test(url ?? "");
    response.writeHead(found ? 200 : 404, { "content-type": "text/html" }).end(found ? page : "");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, close: () => void server.close() };
}

/** Go's environment: the page comes from us, the repository from a folder, other modules from what is downloaded. */
async function environment(folder: string, repository: string, proxy: string) {
  const downloaded = (await command("go", ["env", "GOMODCACHE"])).trim();
  return {
    GOPROXY: `file://${downloaded}/cache/download`,
    GOPRIVATE: "inferd.dev",
    GOINSECURE: "inferd.dev",
    GOSUMDB: "off",
    GOMODCACHE: join(folder, "modules"),
    GOFLAGS: "-modcacherw",
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: "",
    no_proxy: "",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.file://${repository}.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://inferd.dev/inferd.git",
  };
}
