/** The routes as a page for people. It needs no script, and nothing from elsewhere. */
import { becomes } from "./openapi.ts";
import type { Route } from "./route.ts";

const style = [
  ":root{color-scheme:light dark}",
  "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}",
  "code{font:0.9em ui-monospace,monospace}",
  "table{border-collapse:collapse;width:100%;margin:0.5rem 0 1.5rem}",
  "th,td{text-align:left;padding:0.25rem 0.5rem;border-bottom:1px solid #8884;vertical-align:top}",
  "summary{cursor:pointer;padding:0.5rem 0}",
].join("");

export function docsPage(routes: readonly Route[], version: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>inferd: HTTP</title>
<style>${style}</style>
</head>
<body>
<h1>inferd ${escaped(version)}</h1>
<p>The paths of this server, for programs: <a href="/openapi.json">openapi.json</a>. Send a key, where one is asked for, as
<code>authorization: Bearer</code>.</p>
${routes.map(section).join("\n")}
</body>
</html>
`;
}

function section({ method, path, summary, rpc, parameters = {} }: Route): string {
  const rows = Object.entries(parameters).map(([name, one]) => {
    const isRequired = "required" in one && one.required;
    return `<tr><td><code>${name}</code></td><td>${isRequired ? "required" : ""}</td><td>${marked(becomes(one))}</td></tr>`;
  });
  const table =
    rows.length === 0
      ? ""
      : `<table><thead><tr><th>parameter</th><th></th><th>becomes</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  return `<details><summary><code>${method} ${path}</code> ${escaped(summary)}</summary><p>Answered by <code>${rpc}</code>.</p>${table}</details>`;
}

/** Text in backticks is code. */
const marked = (text: string): string =>
  escaped(text).replace(/`([^`]*)`/g, (_, code: string) => `<code>${code}</code>`);

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
