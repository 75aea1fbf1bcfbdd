import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { join } from "node:path";

/** The npm package with libllama for each platform, by Node's platform names. */
const packages: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "win32-x64": "win-x64",
};

/** The three files of a build, in the order in which they must be loaded. */
export interface LibraryFiles {
  readonly directory: string;
  readonly ggmlBase: string;
  readonly ggml: string;
  readonly llama: string;
}

/** Finds libllama in `directory`, or in the npm package for this platform. */
export function findLibrary(directory: string | undefined): LibraryFiles {
  const folder = directory ?? packagedDirectory();
  const names = list(folder);
  const find = (stem: string): string => {
    const file = libraryFile(names, stem);
    if (file === undefined) {
      throw new Error(`there is no lib${stem} in the llama library's folder`);
    }
    return join(folder, file);
  };
  return {
    directory: folder,
    llama: find("llama"),
    ggmlBase: find("ggml-base"),
    ggml: find("ggml"),
  };
}

/**
 * Picks a library's file by name: `libllama.so`, `libllama.v0.5.0.so`, `libllama.so.0`, `llama.dll`. The shortest wins:
 * it is the link to the other names.
 */
export function libraryFile(names: readonly string[], stem: string): string | undefined {
  const pattern = new RegExp(`^(?:lib)?${stem}(?:\\.v?\\d+)*\\.(?:so|dylib|dll)(?:\\.\\d+)*$`);
  const matches = names.filter((name) => pattern.test(name));
  return matches.sort((a, b) => a.length - b.length)[0];
}

function packagedDirectory(): string {
  const name = packages[`${platform()}-${arch()}`];
  if (name === undefined) {
    throw new Error(
      `no libllama is packaged for ${platform()}-${arch()}: build one and name its folder by the llama library setting`,
    );
  }
  try {
    const entry = createRequire(import.meta.url).resolve(`@node-llama-cpp/${name}`);
    return join(entry, "..", "..", "bins", name);
  } catch (cause) {
    throw new Error(
      `the package @node-llama-cpp/${name} is not installed: run "make clean setup"`,
      {
        cause,
      },
    );
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new Error("the llama library's folder cannot be read", { cause });
  }
}
