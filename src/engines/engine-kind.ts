/**
 * What runs an engine, by its name or path in a manifest: the server's own code, a module that a worker imports, Python,
 * or a program that a worker starts.
 */
export type EngineKind = "built-in" | "module" | "python" | "program";

export function engineKind(engine: string): EngineKind {
  if (!/^[./]/.test(engine)) return "built-in";
  if (/\.[cm]?[jt]s$/.test(engine)) return "module";
  return engine.endsWith(".py") ? "python" : "program";
}
