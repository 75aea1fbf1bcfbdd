/** Both protocols on one port in TLS, told apart by ALPN, and who calls by a client certificate. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { request as requestHttps, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CallMetadata } from "../../src/auth/authorizer.ts";
import { openPermit } from "../../src/auth/authorizer.ts";
import { FollowedTlsFiles } from "../../src/auth/tls-files.ts";
import { idleClock, wallMs } from "../../src/base/clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { authority } from "../fixtures/certificates.ts";
import { fakeModels, generationModel } from "../grpc/fake-models.ts";
import { type HttpRunning, startHttp } from "./support.ts";

const ca = authority("server CA");
const clientCa = authority("client CA");
const server = ca.issue({ name: "localhost", dns: ["localhost"] });
const client = clientCa.issue({ name: "someone" });

let running: HttpRunning;
let folder: string;
let files: FollowedTlsFiles;
const admitted: CallMetadata[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "inferd-https-"));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  files = new FollowedTlsFiles({
    files: {
      cert: put("cert.pem", server.cert),
      key: put("key.pem", server.key),
      clientCa: put("clients.pem", clientCa.cert),
    },
    ...{ clock: idleClock, wallMs, log: silentLog },
  });
  const admit = (call: CallMetadata) => {
    admitted.push(call);
    return Promise.resolve(openPermit(call.host));
  };
  running = await startHttp(fakeModels([generationModel()]), {
    tlsFiles: files,
    authorizer: { admit },
  });
});

afterAll(async () => {
  await running.stop();
  files.close();
  rmSync(folder, { recursive: true });
});

const port = (): number => Number(running.address.split(":")[1]);
const trusting = { ca: ca.cert, servername: "localhost", cert: client.cert, key: client.key };

function get(path: string, options: RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = { host: "127.0.0.1", port: port(), path, ...trusting, ...options };
    requestHttps(asked, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    })
      .on("error", reject)
      .end();
  });
}

it.each([
  ["http/1.1", ["http/1.1"]],
  ["nothing", undefined],
])("answers HTTP/1.1 to a client that offers %s", async (_, ALPNProtocols) => {
  const answer = await get("/v1/models", {
    ...(ALPNProtocols && { ALPNProtocols }),
  } as RequestOptions);
  expect(JSON.parse(answer)).toMatchObject({ data: [{ id: "story" }] });
});

it("tells the authorizer of the client's certificate", async () => {
  await get("/v1/models");
  expect(admitted.at(-1)?.certificate?.subject).toMatchObject({ CN: "someone" });
});

it("agrees on HTTP/2 with a client that offers both, and serves gRPC on it", async () => {
  const socket = connect({ port: port(), ...trusting, ALPNProtocols: ["http/1.1", "h2"] });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  expect(socket.alpnProtocol).toBe("h2");
  socket.destroy();
  const session = connectHttp2(`https://127.0.0.1:${port()}`, trusting);
  const stream = session.request({
    ":method": "POST",
    ":path": "/inferd.v1.ModelService/ListModels",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  const status = await new Promise((resolve) =>
    stream.once("trailers", (trailers: IncomingHttpHeaders) => resolve(trailers["grpc-status"])),
  );
  expect(status).toBe("0");
  session.destroy();
});
