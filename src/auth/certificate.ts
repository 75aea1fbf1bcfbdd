/** The caller that a client certificate names. TLS has already verified its CA. */
import { ServeError } from "../base/errors.ts";

/** The part of a certificate that is used, as Node's TLS returns it. */
export interface ClientCertificate {
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
}

/** The SPIFFE ID of its URI name, else `subject:` and its common name. Throws CREDENTIAL_INVALID. */
export function identityOf({ subjectaltname = "", subject }: ClientCertificate): string {
  const uris = urisOf(subjectaltname);
  const [uri, another] = uris;
  if (uris.some((each) => each.startsWith("spiffe:"))) {
    // An X.509-SVID has exactly one URI.
    if (uri !== undefined && another === undefined && isSpiffeId(uri)) return uri;
    throw new ServeError("CREDENTIAL_INVALID", "the client certificate's SPIFFE ID is none");
  }
  const name = subject?.CN;
  if (typeof name === "string" && name !== "") return `subject:${name}`;
  throw new ServeError("CREDENTIAL_INVALID", "the client certificate names no caller");
}

/** Whether a pattern matches the id. `*` at the end of a pattern matches anything. */
export function isListed(id: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern,
  );
}

/** Node writes `URI:spiffe://a/b, DNS:c`, and ambiguous values as JSON strings. */
function urisOf(names: string): readonly string[] {
  const entries = names.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...entries].flatMap(([, kind, value]) =>
    kind === "URI" && value !== undefined ? [value] : [],
  );
}

/** By the SPIFFE standard: a trust domain, and a path without empty or relative segments. */
function isSpiffeId(uri: string): boolean {
  if (uri.length > 2048 || !/^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)*$/.test(uri))
    return false;
  return !uri.split("/").some((segment) => segment === "." || segment === "..");
}
