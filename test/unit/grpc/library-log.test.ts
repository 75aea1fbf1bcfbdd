import { Metadata } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { type LogFields, silentLog } from "../../../src/base/log.ts";
import { logThrough } from "../../../src/grpc/workarounds/library-log.ts";

it.each(["x-api-key", "authorization"])(
  "what grpc-js says of a %s that it drops holds nothing of it",
  (name) => {
    const lines: LogFields[] = [];
    logThrough({ ...silentLog, debug: (fields) => void lines.push(fields) });
    Metadata.fromHttp2Headers({ [name]: "id.secret\u00ff" });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain("secret");
  },
);
